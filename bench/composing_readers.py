"""Draws the week and its readers into files.

`usual` readers choose as `bench.crowd` says. A hundred of them read English 45, Korean 35, Japanese 12, French 8; 15
take text alone, 60 want alerts, 15 name a government, 5 have a phrase, 5 get the neutral edition. Of `different`
readers no two choose alike: each has themes, sources and words of their own, which nearly always come to a digest
that no other reader gets.
"""

import pickle
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

from bench.composing_week import STORIES, WINDOW, in_this_week
from bench.crowd import Crowd, stories
from nkwatch.catalogue.rules import load_rules
from nkwatch.catalogue.sources import load_sources
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Choice, Edition, Format, Rhythm, Schedule, Subscriber
from nkwatch.domain.wish import Follows, Mutes, Wish

#: Readers that are read at once, as the service does.
BATCH = 1_000
#: Where the window closes at the same instant: language, share of readers, zone, hour.
PLACES = (
    ("en", 45, "Europe/London", 7),
    ("ko", 35, "Asia/Seoul", 16),
    ("ja", 12, "Asia/Tokyo", 16),
    ("fr", 8, "Europe/Paris", 8),
)
COUNTRIES = ("KR", "GB", "US", "JP", "FR", "DE", "CA", "AU")
#: What `different` readers choose: so many themes, sources of the week, and followed words.
THEMES, SOURCES, WORDS = 3, 8, 2


def week(count: int = STORIES) -> list[Story]:
    """The stories of the week."""
    sources = load_sources()
    return [in_this_week(n, story, sources) for n, story in enumerate(stories(count))]


def usual(_told: Sequence[Story]) -> Iterator[Subscriber]:
    """Readers as they usually choose, without end."""
    crowd, chance, number = Crowd(), random.Random("usual"), 0
    while True:
        for reader in crowd.readers(1_000_000):
            yield _settled(replace(reader, id=f"u{number:015}"), chance)
            number += 1


def different(told: Sequence[Story]) -> Iterator[Subscriber]:
    """Readers of whom no two choose alike, without end."""
    chance, number = random.Random("different"), 0
    themes = sorted(t.code for t in load_rules().lexicon.themes)
    sources = sorted({r.statement.source_id for s in told for r in s.reports})
    words = sorted({w.lower() for s in told for w in s.lead.statement.title.split() if len(w) > 4 and w.isalpha()})
    while True:
        follows = Follows(frozenset((*chance.sample(words, WORDS), f"word{number}")))
        wishes = (
            Wish(frozenset(chance.sample(themes, THEMES)), follows=follows),
            Wish(sources=frozenset(chance.sample(sources, SOURCES))),
        )
        choice = Choice(wishes=wishes, mutes=Mutes(sources=frozenset({chance.choice(sources)})))
        yield _settled(Subscriber(f"d{number:015}", choice, WINDOW.start), chance)
        number += 1


def _settled(reader: Subscriber, chance: random.Random) -> Subscriber:
    """The reader with all that is chosen besides wishes."""
    language, _, zone, hour = chance.choices(PLACES, [p[1] for p in PLACES])[0]
    form = Format.TEXT if chance.random() < 0.15 else Format.HTML
    choice = replace(
        reader.choice,
        schedule=Schedule(Rhythm.WEEKLY, hour, zone),
        edition=Edition(language, form, neutral=chance.random() < 0.05),
        alerts=chance.random() < 0.6,
        country=chance.choice(COUNTRIES) if chance.random() < 0.15 else "",
        phrase=f"my phrase {chance.randrange(10**6)}" if chance.random() < 0.05 else "",
    )
    return replace(reader, choice=choice, covered_until=WINDOW.start, heard_at=WINDOW.start - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Drawn:
    """The files of a folder."""

    folder: Path

    def stories(self) -> list[Story]:
        """The stories of the week."""
        with (self.folder / "week").open("rb") as file:
            told: list[Story] = pickle.load(file)
            return told

    def readers(self, spread: str, count: int) -> Iterator[list[Subscriber]]:
        """The first readers of a spread, some at a time."""
        with (self.folder / spread).open("rb") as file:
            for _ in range(0, count, BATCH):
                yield pickle.load(file)

    def draw(self, counts: "dict[str, int]", stories: int = STORIES) -> None:
        """Draw a week of so many stories, and so many readers of each spread."""
        told = week(stories)
        with (self.folder / "week").open("wb") as file:
            pickle.dump(told, file, pickle.HIGHEST_PROTOCOL)
        for spread, count in counts.items():
            readers = SPREADS[spread](told)
            with (self.folder / spread).open("wb") as file:
                for _ in range(0, count, BATCH):
                    pickle.dump(list(islice(readers, BATCH)), file, pickle.HIGHEST_PROTOCOL)


SPREADS: "dict[str, Callable[[Sequence[Story]], Iterator[Subscriber]]]" = {"usual": usual, "different": different}


def draw(folder: Path, counts: "dict[str, int]", stories: int = STORIES) -> None:
    """Draw a week of so many stories, and so many readers of each spread."""
    Drawn(folder).draw(counts, stories)
