"""Readers with filters as people choose them, and stories to match against them; always the same for the same number.

Of a hundred readers 85 have one wish, 12 two, 3 three. Of a hundred wishes 30 ask for everything, 35 for themes, 10
for themes of some sources, 5 for sources or a kind of source, 20 follow words or cases, half of these beside themes.
Of a hundred readers 15 mute a theme, one or two sources, a kind of source, or a word. Half of the followed words are
invented, nearly each by one reader; three followers in ten follow names instead. Popular values are drawn more often.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import accumulate

from bench.texts import labelled
from nkwatch.catalogue.rules import load_rules
from nkwatch.catalogue.sources import load_sources
from nkwatch.domain.source import Role
from nkwatch.domain.statement import Statement
from nkwatch.domain.story import Report, Story
from nkwatch.domain.subscriber import Choice, Subscriber
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.reading import read
from nkwatch.reading.folding import fold
from nkwatch.reading.romanisation import SYLLABLES, revised, surname_in_latin
from nkwatch.reading.rules import Rules

START = datetime(2026, 1, 1, tzinfo=UTC)
#: Persons whose cases are followed, beside those that ship with nkwatch.
PERSONS = 20_000
#: Words that stand in more texts than this share are followed by nobody; shorter ones (code points) neither.
USUAL, SHORTEST = 0.02, 4
#: A report is made of so many labelled statements: some 2,400 characters, as statements of organisations are.
JOINED = 10
#: Labelled statements that reports are made of.
POOL = 1_500
#: Reports of the first, second, third story, and so on again.
REPORTS = (3, 1, 2, 6)
_SOUNDS = ("ka", "tor", "min", "sel", "bran", "dov", "ri", "hal", "pen", "ost", "var", "lun", "gre", "mik", "tes", "ul")


@dataclass(frozen=True, slots=True)
class Usual:
    """Values, the first chosen most often: the n-th one n-th as often, unless weights are given."""

    values: Sequence[str]
    summed: Sequence[float]

    @classmethod
    def of(cls, values: Sequence[str], weights: Sequence[float] = ()) -> "Usual":
        """Values with their weights."""
        return cls(values, list(accumulate(weights or (1 / n for n in range(1, len(values) + 1)))))

    def draw(self, chance: random.Random, most: int) -> frozenset[str]:
        """One value up to `most`."""
        return frozenset(chance.choices(self.values, cum_weights=self.summed, k=chance.randint(1, most)))


class Crowd:
    """Draws readers. What they follow are words of the labelled texts, invented ones, and names in any spelling."""

    def __init__(self) -> None:
        rules, chance = load_rules(), random.Random("crowd")
        self._themes = Usual.of([t.code for t in rules.lexicon.themes])
        self._sources = Usual.of(chance.sample(sorted(load_sources()), len(load_sources())))
        counted = _words()
        self._words = Usual.of(list(counted), list(counted.values()))
        persons = [_person(chance) for _ in range(PERSONS)]
        self._persons = Usual.of([*(c.name for c in rules.cases.known), *persons])

    def readers(self, wishes: int) -> Iterator[Subscriber]:
        """Readers with so many wishes together."""
        chance, number, left = random.Random("readers"), 0, wishes
        while left:
            several = min(left, chance.choices((1, 2, 3), (85, 12, 3))[0])
            chosen = tuple(self._wish(chance) for _ in range(several))
            mutes = self._mutes(chance) if chance.random() < 0.15 else Mutes()
            yield Subscriber(f"r{number:07}", Choice(wishes=chosen, mutes=mutes), START)
            number, left = number + 1, left - several

    def _wish(self, chance: random.Random) -> Wish:
        kind = chance.random()
        if kind < 0.3:
            return Wish()
        if kind < 0.65:
            return Wish(self._themes.draw(chance, 4))
        if kind < 0.75:
            return Wish(self._themes.draw(chance, 4), self._sources.draw(chance, 3))
        if kind < 0.8:
            by_kind = chance.random() < 0.5
            return Wish(roles=frozenset({Role.STATEMENT})) if by_kind else Wish(sources=self._sources.draw(chance, 3))
        follows = self._follows(chance)
        return Wish(follows=follows) if kind < 0.9 else Wish(self._themes.draw(chance, 4), follows=follows)

    def _follows(self, chance: random.Random) -> Follows:
        if chance.random() < 0.3:
            return Follows(cases=frozenset(_spelt(name, chance) for name in self._persons.draw(chance, 2)))
        return Follows(words=frozenset(self._word(chance) for _ in range(chance.randint(1, 4))))

    def _word(self, chance: random.Random) -> str:
        invented = chance.random() < 0.5
        word = "".join(chance.choices(_SOUNDS, k=5)) if invented else min(self._words.draw(chance, 1))
        return f"{word}*" if chance.random() < 0.1 else word

    def _mutes(self, chance: random.Random) -> Mutes:
        kind = chance.randrange(4)
        if kind == 0:
            return Mutes(themes=self._themes.draw(chance, 1))
        if kind == 1:
            return Mutes(sources=self._sources.draw(chance, 2))
        if kind == 2:
            return Mutes(roles=frozenset({chance.choice((Role.PRESS, Role.STATE_MEDIA))}))
        return Mutes(follows=Follows(frozenset({self._word(chance)})))


def stories(count: int) -> list[Story]:
    """Stories on human rights; every report of one is made of labelled statements, and read as all statements are."""
    return list(_stories(count))


@cache
def _stories(count: int) -> tuple[Story, ...]:
    rules, chance = load_rules(), random.Random("stories")
    on_rights = [s for s in labelled()[: min(count * JOINED * 40, POOL)] if read(s, rules).on_rights]
    sources = sorted(load_sources().values(), key=lambda s: s.id)
    made = []
    for number in range(count):
        reports = []
        for part in range(REPORTS[number % len(REPORTS)]):
            source, pieces = chance.choice(sources), chance.sample(on_rights, JOINED)
            reports.append(_report(f"{number}-{part}", source.id, source.role, pieces, rules))
        made.append(Story(f"{number}", tuple(reports), START))
    return tuple(made)


def _report(name: str, source: str, role: Role, pieces: Sequence[Statement], rules: Rules) -> Report:
    text = "\n\n".join(p.text for p in pieces)
    one = replace(pieces[0], id=name, source_id=source, publisher=source, text=text)
    return Report(one, read(one, rules), role, source)


def _words() -> Counter[str]:
    """Words that somebody may follow, and in how many labelled texts each stands."""
    texts = labelled()
    found = Counter(w for s in texts for w in set(re.findall(r"\w+", fold(f"{s.title} {s.text}").text)))
    # a set has another order in every process
    return Counter({w: n for w, n in sorted(found.items()) if len(w) >= SHORTEST and 1 < n <= USUAL * len(texts)})


def _person(chance: random.Random) -> str:
    """A name in hangul."""
    return chance.choice(list(surname_in_latin())) + "".join(chance.sample(SYLLABLES, 2))


def _spelt(name: str, chance: random.Random) -> str:
    """A name in hangul as it is, or in Latin letters; other names as they are."""
    surname = surname_in_latin().get(name[0])
    if surname is None or len(name) != 3 or chance.random() < 0.3:
        return name
    between = chance.choice(("-", " ", ""))
    return f"{surname} {between.join(map(revised, name[1:]))}".title()
