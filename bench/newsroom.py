"""Reports on events of one year, written by a program: each event has words, names and numbers of its own.

All other words are drawn as often as `rarity.tsv` counts them in texts on North Korea, so that two reports share as
many words as real ones do.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from nkwatch.domain.statement import Statement
from nkwatch.reading.folding import CJK
from nkwatch.reading.romanisation import SYLLABLES, given, surname_in_latin, surnames

START = datetime(2025, 11, 1, tzinfo=UTC)
DAYS = 365
#: Reports of one event; every third event is reported in Korean.
EACH, KOREAN = 2, 3
PUBLISHERS = 60
#: Words of a title and a text that have nothing to do with the event.
IN_TITLE, IN_TEXT = 5, 40
_SOUNDS = ("ka", "tor", "min", "sel", "bran", "dov", "ri", "hal", "pen", "ost", "var", "lun", "gre", "mik", "tes", "ul")


@dataclass(frozen=True, slots=True)
class _Event:
    day: float
    korean: bool
    words: Sequence[str]
    number: int


class Newsroom:
    """`shares` says in what share of texts each word stands (0 to 1)."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._latin = _Drawer({k: s for k, s in shares.items() if k.isascii() and k.isalpha()})
        self._korean = _Drawer({k: s for k, s in shares.items() if len(k) > 1 and CJK.fullmatch(k[0])})

    def reports(self, count: int) -> Iterator[Statement]:
        """`count` reports on the first events: `EACH` on every one, days apart."""
        return (self.report(number // EACH, number) for number in range(count))

    def report(self, event: int, number: int) -> Statement:
        """What one publisher writes of an event; always the same for the same two numbers."""
        about, chance = self._event(event), random.Random(f"report {number}")
        drawer = self._korean if about.korean else self._latin
        title = [*chance.sample(about.words, 4), *drawer.draw(chance, IN_TITLE)]
        text = [*drawer.draw(chance, IN_TEXT), *about.words, str(about.number)]
        chance.shuffle(title)
        chance.shuffle(text)
        published = START + timedelta(days=about.day + chance.random() * 2)
        return Statement(
            id=str(number),
            source_id="",
            publisher=f"Publisher {chance.randrange(PUBLISHERS)}",
            title=" ".join(title),
            url=f"https://news.example/{number}/{'-'.join(title) if not about.korean else number}",
            text=" ".join(text) + ".",
            language="ko" if about.korean else "en",
            author="",
            published=published,
            published_estimated=False,
            first_seen=published,
        )

    def _event(self, event: int) -> _Event:
        chance = random.Random(f"event {event}")
        korean = event % KOREAN == 0
        drawer = self._korean if korean else self._latin
        name = _name_in_hangul(chance) if korean else _name(chance)
        own = ["".join(chance.choices(_SOUNDS, k=3)) for _ in range(3)]
        return _Event(
            chance.random() * DAYS, korean, [*name, *own, *drawer.draw(chance, 6)], chance.randrange(2, 5_000)
        )


class _Drawer:
    """Words, each drawn as often as texts have it."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._words = list(shares)
        self._summed = list(accumulate(shares.values()))

    def draw(self, chance: random.Random, count: int) -> list[str]:
        return chance.choices(self._words, cum_weights=self._summed, k=count)


def _name(chance: random.Random) -> list[str]:
    syllables = list(given().read)
    parts = [chance.choice(list(surname_in_latin().values())), "-".join(chance.sample(syllables, 2))]
    return [part.title() for part in parts]


def _name_in_hangul(chance: random.Random) -> list[str]:
    return [chance.choice(list(surnames().rank)) + "".join(chance.sample(SYLLABLES, 2))]
