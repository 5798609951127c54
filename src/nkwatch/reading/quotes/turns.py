"""Speakers from one quotation to the next: pronouns, surnames, and speech that goes on."""

from collections.abc import Sequence
from itertools import pairwise

from nkwatch.reading.quotes.places import NEAR, Place, Said, Who
from nkwatch.reading.sentences import sentences

_NOBODY = Who()


def resolved(text: str, found: Sequence[Said]) -> list[Who]:
    """Every quotation's speaker, nobody where none is named and it does not go on from another."""
    speakers: list[Who] = []
    named: list[Who] = []
    for number, said in enumerate(found):
        before = found[number - 1] if number else None
        if said.who:
            who = _named(said.who, named)
        else:
            who = speakers[-1] if before and _continues(text, before.place, said.place) else _NOBODY
        if who.speaker:
            named.append(who)
        speakers.append(who)
    return _from_behind(text, found, speakers)


def _named(who: Who, named: Sequence[Who]) -> Who:
    """A pronoun is the last one named, a surname the last whole name that it is part of."""
    if who.again:
        return named[-1] if named else _NOBODY
    if who.role:
        return who
    return next((n for n in reversed(named) if who.speaker in n.speaker.split()), who)


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
