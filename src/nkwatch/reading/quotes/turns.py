"""Speakers from one quotation to the next: pronouns, surnames, and speech that goes on."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from nkwatch.reading.quotes.places import NEAR, Place, Said, Who
from nkwatch.reading.sentences import sentences

_NOBODY = Who()
#: How far back a whole name is looked for (code points).
_WITHIN = 1_500
_HANGUL = re.compile("[가-힣]")
_SURNAME = re.compile(r"[가-힣]|[A-ZÀ-Ö][\w’'-]{1,30}")
_CAPITAL = r"(?<!\w)[A-ZÀ-Ö][\w’']{1,20}"


def resolved(text: str, found: Sequence[Said], title: re.Pattern[str]) -> list[Who]:
    """Every quotation's speaker, nobody where none is named and it does not go on from another.

    What matches `title` is no given name.
    """
    speakers: list[Who] = []
    named: list[Who] = []
    for number, said in enumerate(found):
        before = found[number - 1] if number else None
        if said.who:
            who = _named(said.who, named, text[: said.place.words.start], title)
        else:
            who = speakers[-1] if before and _continues(text, before.place, said.place) else _NOBODY
        if who.speaker:
            named.append(who)
        speakers.append(who)
    return _from_behind(text, found, speakers)


def _named(who: Who, named: Sequence[Who], before: str, title: re.Pattern[str]) -> Who:
    """A pronoun is the last one named; a surname is the last whole name that it is part of, or has in the text."""
    if who.again:
        return named[-1] if named else replace(who, again=False)
    hangul = _HANGUL.fullmatch(who.speaker)
    if who.role and not hangul:
        return who
    for other in reversed(named):
        if who.speaker in other.speaker.split() or (hangul and other.speaker.startswith(who.speaker)):
            return other
    if not _SURNAME.fullmatch(who.speaker):
        return who
    names = _whole(who.speaker, before[-_WITHIN:], hangul=hangul is not None)
    return replace(who, speaker=next((n for n in names if not title.match(n)), who.speaker))


def _whole(surname: str, before: str, *, hangul: bool) -> Iterator[str]:
    """The whole names that a text has of those with a surname, nearest first; hyphened ones before others."""
    bare = re.escape(surname)
    patterns = (
        [rf"(?<![가-힣]){bare}[가-힣]{{2}}(?=[\s(]|씨)"]
        if hangul
        else [rf"(?<!\w){bare}\s{_CAPITAL}-\w{{1,20}}", rf"{_CAPITAL}(?:-\w{{1,20}})?\s{bare}(?!\w)"]
    )
    return (m[0] for pattern in patterns for m in reversed(list(re.finditer(pattern, before))))


def _from_behind(text: str, found: Sequence[Said], speakers: list[Who]) -> list[Who]:
    """A quotation whose paragraph did not close it is by whom the next paragraph names."""
    after = len(speakers)
    for here, there in reversed(list(pairwise(found))):
        after -= 1
        if (
            not here.place.words.closed
            and not speakers[after - 1].speaker
            and _continues(text, here.place, there.place)
        ):
            speakers[after - 1] = speakers[after]
    return speakers


def _continues(text: str, before: Place, place: Place) -> bool:
    """Whether one quotation goes on in the next: in the next paragraph, or behind what names the speaker."""
    between = text[before.words.end + 1 : place.words.start - 1]
    if len(between) > NEAR:
        return False
    first, *further = between.strip(" ").split("\n")
    if not further:
        return len(sentences(first)) <= 1
    return not any(p.strip() for p in further) and (place.alone or not before.words.closed)
