"""Cases: persons and groups that a statement names as victims, detainees, missing or at risk.

A name is a case by its sentence: what stands right before it ('the detention of'), what is said after it ('was
forcibly returned'), or the name it is joined to by 'and'. Officials, and those who only speak, are none. A case that
everybody knows is one wherever it is named.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nkwatch.domain.reading import Evidence, Mention, MentionKind
from nkwatch.reading.casebook import CaseBook, Cues
from nkwatch.reading.groups import groups, place
from nkwatch.reading.people import Person, people_in

_BACK, _ON, _LEAD = 90, 170, 300
_SENTENCE_ENDS = re.compile(
    r"(?<!\b[A-Z])(?<!\bMr)(?<!\bMs)(?<!\bMrs)(?<!\bDr)(?<!\bNo)[.!?][\"'”’»)]{0,3}\s+(?=\S)|[。！？]|[\r\n]+"
)
#: How sure: what precedes a name, what follows it, a known case without either.
_BEFORE, _AFTER, _KNOWN, _NONE, _OFFICIAL = 3, 2, 1, 0, -1


@dataclass(frozen=True, slots=True)
class _Found:
    mention: Mention
    sure: int


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
    cues = book.cues.get(language[:2])
    found = [f for field, text in texts.items() for f in _found(field, text, book, cues)]
    best: dict[str, _Found] = {}
    for one in found:
        kept = best.get(one.mention.key)
        if kept is None or one.sure > kept.sure:
            best[one.mention.key] = one
    order = list(texts)
    mentions = (f.mention for f in best.values())
    return tuple(sorted(_placed(mentions, texts, book), key=lambda m: (order.index(m.who.field), m.who.start)))


def _found(field: str, text: str, book: CaseBook, cues: Cues | None) -> Iterator[_Found]:
    for sentence in _sentences(text, people_in(field, text, book)):
        for person, sure in zip(sentence.names, _sureness(sentence, cues), strict=True):
            surest = max(sure, _KNOWN if person.key in book.known_keys else _NONE)
            if surest and person.key not in book.never_keys:
                yield _Found(Mention(person.who, person.key), surest)
        if cues:
            yield from _groups(field, sentence, book, cues)


def _sentences(text: str, names: Sequence[Person]) -> Iterator[_Sentence]:
    start, first = 0, 0
    for end in (*(m.end() for m in _SENTENCE_ENDS.finditer(text)), len(text)):
        last = first
        while last < len(names) and names[last].who.start < end:
            last += 1
        yield _Sentence(text, start, end, names[first:last])
        start, first = end, last


def _sureness(sentence: _Sentence, cues: Cues | None) -> list[int]:
    """How sure it is of each name that it is a victim's; names joined by 'and' share what is said of one."""
    if not cues:
        return [_NONE] * len(sentence.names)
    sure = [_sure(sentence.before(i), sentence.after(i), cues) for i in range(len(sentence.names))]
    for i in range(1, len(sure)):
        if cues.joins.search(sentence.before(i)) and _OFFICIAL not in sure[i - 1 : i + 1]:
            sure[i] = max(sure[i], sure[i - 1])
    for i in range(len(sure) - 1, 0, -1):
        if cues.joins.search(sentence.before(i)) and _OFFICIAL not in sure[i - 1 : i + 1]:
            sure[i - 1] = max(sure[i], sure[i - 1])
    told = max(sure, default=_NONE) > _NONE and not cues.fiction.search(sentence.text, sentence.start, sentence.end)
    return [max(s, _NONE) if told else _NONE for s in sure]


def _sure(before: str, after: str, cues: Cues) -> int:
    if cues.official_before.search(before) or cues.official_after.search(after):
        return _OFFICIAL
    if cues.victim_before.search(before):
        return _BEFORE
    said = cues.victim_after.search(after)
    between = after[: said.start()] if said and not cues.words.verb_final else after
    turned = cues.breaks.search(between) or cues.speech.search(between)
    return _AFTER if said and not turned else _NONE


def _groups(field: str, sentence: _Sentence, book: CaseBook, cues: Cues) -> Iterator[_Found]:
    words = sentence.text[sentence.start : sentence.end]
    counted = list(groups(words, cues.words))
    for group in counted if counted and cues.danger.search(words) else ():
        where = place(words, group.start, book)
        start, end = sentence.start + group.start, sentence.start + group.end
        who = Evidence(field, start, end, sentence.text[start:end])
        yield _Found(Mention(who, f"{group.key}:{where}" if where else group.key, MentionKind.GROUP), _AFTER)


def _placed(mentions: Iterable[Mention], texts: Mapping[str, str], book: CaseBook) -> Iterator[Mention]:
    """Groups whose sentence names no place take the title's or the lead's, unless the same group has one already."""
    several = list(mentions)
    bare = [m for m in several if m.kind is MentionKind.GROUP and m.key.count(":") == 1]
    yield from (m for m in several if m not in bare)
    placed = {m.key.rpartition(":")[0] for m in several}
    for mention in bare:
        if mention.key not in placed:
            where = next(filter(None, (place(text[:_LEAD], 0, book) for text in texts.values())), "")
            yield replace(mention, key=f"{mention.key}:{where}") if where else mention
