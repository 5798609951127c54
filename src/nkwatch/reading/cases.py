"""Cases: persons and groups that a statement names as victims, detainees, missing or at risk.

A name is a case by its sentence: what stands right before it ('the detention of'), what is said after it ('was
forcibly returned'), or the name it is joined to by 'and'; or by the next sentence, where a pronoun begins that.
Officials, and those who only speak, are none. A case that everybody knows is one wherever it is named.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nkwatch.domain.reading import Evidence, Mention, MentionKind
from nkwatch.reading.casebook import CaseBook
from nkwatch.reading.cues import Cues
from nkwatch.reading.folding import fold
from nkwatch.reading.groups import Group
from nkwatch.reading.people import Person, people_in

_BACK, _ON, _LEAD, _NEXT = 90, 170, 300, 300
#: No sentence is looked at further from a group (code points).
_FAR = 600
#: How far from people who may be anybody stands what is done to them, before and behind (code points).
_DONE_BEFORE, _DONE_BEHIND = 30, 60
_SENTENCE_ENDS = re.compile(
    r"[.!?](?<!\b[A-Z].)(?<!\bMr.)(?<!\bMs.)(?<!\bMrs.)(?<!\bDr.)(?<!\bNo.)(?<!\bMme.)[\"'”’»)]{0,3}\s+(?=\S)"
    r"|[。！？]|[\r\n]+"
)
#: How sure: what precedes a name, what follows it, a known case without either.
_BEFORE, _AFTER, _KNOWN, _NONE, _OFFICIAL = 3, 2, 1, 0, -1


@dataclass(frozen=True, slots=True)
class _Found:
    mention: Mention
    sure: int
    plain: bool = False


@dataclass(frozen=True, slots=True)
class _Sentence:
    """Where a sentence stands in its text, and the names in it."""

    text: str
    start: int
    end: int
    names: Sequence[Person]

    def before(self, index: int) -> str:
        """What stands between a name and the one before it."""
        start = self.names[index].who.start
        floor = self.names[index - 1].who.end if index else self.start
        return self.text[max(floor, start - _BACK) : start]

    def after(self, index: int) -> str:
        """What stands between a name and the next."""
        end = self.names[index].who.end
        ceiling = self.names[index + 1].who.start if index + 1 < len(self.names) else self.end
        return self.text[end : min(ceiling, end + _ON)]


def cases(texts: Mapping[str, str], book: CaseBook, language: str) -> tuple[Mention, ...]:
    """The persons and groups named as victims, each key once, where it says so best; in order of place.

    Only statements on North Korea should be asked for theirs. In a language without cues, known cases are found.
    """
    found = [f for field, text in texts.items() for f in _found(field, text, book, language[:2])]
    best: dict[str, _Found] = {}
    for one in found:
        kept = best.get(one.mention.key)
        if kept is None or one.sure > kept.sure:
            best[one.mention.key] = one
    order = list(texts)
    mentions = _merged(list(best.values()), texts, book)
    return tuple(sorted(mentions, key=lambda m: (order.index(m.who.field), m.who.start)))


def _found(field: str, text: str, book: CaseBook, language: str) -> Iterator[_Found]:
    folded = fold(text)
    names, cues = people_in(field, text, folded, book), book.cues.get(language)
    groups = book.counting[language].groups(folded) if cues else []
    if not names and not groups:
        return
    sentences = list(_sentences(text, names))
    for sentence in sentences:
        yield from _persons(sentence, book, cues)
    if cues:
        yield from _groups(field, groups, sentences, book, cues)


def _sentences(text: str, names: Sequence[Person]) -> Iterator[_Sentence]:
    start, first = 0, 0
    for end in (*(m.end() for m in _SENTENCE_ENDS.finditer(text)), len(text)):
        last = first
        while last < len(names) and names[last].who.start < end:
            last += 1
        yield _Sentence(text, start, end, names[first:last])
        start, first = end, last


def _persons(sentence: _Sentence, book: CaseBook, cues: Cues | None) -> Iterator[_Found]:
    for person, sure in zip(sentence.names, _sureness(sentence, cues), strict=True):
        surest = max(sure, _KNOWN if person.key in book.known_keys else _NONE)
        if surest and person.key not in book.never_keys:
            yield _Found(Mention(person.who, person.key), surest)


def _sureness(sentence: _Sentence, cues: Cues | None) -> list[int]:
    """How sure it is of each name that it is a victim's; names joined by 'and' share what is said of one."""
    count = len(sentence.names)
    if not cues or not count or not cues.told(sentence.text, sentence.start, sentence.end):
        return [_NONE] * count
    sure = [_sure(sentence.before(i), sentence.after(i), cues) for i in range(count)]
    joined = [i for i in range(1, count) if cues.joins.search(sentence.before(i))]
    for i, other in (*((i, i - 1) for i in joined), *((i - 1, i) for i in reversed(joined))):
        if _OFFICIAL not in (sure[i], sure[other]):
            sure[i] = max(sure[i], sure[other])
    if sure == [_NONE] and cues.victim_again.match(sentence.text, sentence.end, sentence.end + _NEXT):
        return [_AFTER]
    return [max(s, _NONE) for s in sure]


def _sure(before: str, after: str, cues: Cues) -> int:
    if cues.official_before.search(before) or cues.official_after.search(after):
        return _OFFICIAL
    if cues.victim_before.search(before):
        return _BEFORE
    said = cues.victim_after.search(after)
    between = after[: said.start()] if said and not cues.words.verb_final else after
    turned = cues.breaks.search(between) or cues.speech.search(between)
    return _AFTER if said and not turned else _NONE


def _groups(
    field: str, groups: Sequence[Group], sentences: Sequence[_Sentence], book: CaseBook, cues: Cues
) -> Iterator[_Found]:
    starts = [s.start for s in sentences]
    for group in groups:
        number = bisect_right(starts, group.start) - 1
        sentence = sentences[number]
        if group.held or _endangered(group, *sentences[number : number + 2], cues=cues):
            text, start, end = sentence.text, group.start, group.end
            where = "" if group.held else book.place(text, start, sentence.start, sentence.end)
            key = f"{group.key}:{where}" if where else group.key
            who = Evidence(field, start, end, text[start:end])
            yield _Found(Mention(who, key, MentionKind.GROUP), _AFTER, group.plain)


def _endangered(group: Group, sentence: _Sentence, following: _Sentence | None = None, *, cues: Cues) -> bool:
    """Whether a sentence, or the next that begins with a pronoun, says what is done or may happen to a group."""
    text = sentence.text
    start, end = max(sentence.start, group.start - _FAR), min(sentence.end, group.end + _FAR)
    if not group.plain and cues.danger.search(text, start, end):
        return True
    if not cues.told(text, start, end):
        return False
    if group.plain and _harmed(text[max(start, group.start - _BACK) : group.start], text[group.end : end], cues):
        return True
    they = following and cues.they.match(text, following.start, following.end)
    return bool(they and following and cues.danger.search(text, they.end(), min(following.end, they.end() + _FAR)))


def _harmed(before: str, after: str, cues: Cues) -> bool:
    """Whether it stands close by what is done to people who may be anybody, and they are no officials, nor do it."""
    if cues.official_before.search(before) or (cues.words.verb_final and cues.official_after.search(after)):
        return False
    done = cues.harm.search(after[:_DONE_BEHIND])
    between = after[: done.start()] if done else ""
    turned = cues.breaks.search(between) or cues.speech.search(between)
    return bool((done and not turned) or cues.harm.search(before[-_DONE_BEFORE:]))


def _merged(found: Iterable[_Found], texts: Mapping[str, str], book: CaseBook) -> Iterator[Mention]:
    """Each group once: those in a town before those in a country, these before those who are nowhere.

    A group without a place takes the title's or the lead's; people who may be anybody are those of whom more is told.
    """
    groups: dict[str, list[_Found]] = {}
    for one in found:
        if one.mention.kind is MentionKind.PERSON:
            yield one.mention
        else:
            groups.setdefault(one.mention.key.split(":")[1], []).append(one)
    said = {
        part for base, some in groups.items() if _numbered(base) and not some[0].plain for part in base.split(" ", 1)
    }
    for base, some in groups.items():
        if (base.split()[0] if some[0].plain else base) not in said:
            yield from _placed(base, [f.mention for f in some], texts, book)


def _numbered(base: str) -> bool:
    return base[0].isdigit()


def _placed(base: str, same: Sequence[Mention], texts: Mapping[str, str], book: CaseBook) -> Iterator[Mention]:
    places = [mention.key.split(":")[2:] for mention in same]
    towns = [m for m, where in zip(same, places, strict=True) if where and where[0] not in book.wide_places]
    countries = [m for m, where in zip(same, places, strict=True) if where]
    if towns or countries or not _numbered(base):
        yield from towns or countries or same
        return
    lead = (book.place(text, 0, 0, _LEAD) for text in texts.values())
    where = next(filter(None, lead), "")
    yield replace(same[0], key=f"{same[0].key}:{where}") if where else same[0]
