"""A *wish* is what a subscriber wants to read; a *mute* is what no wish brings back."""

from collections.abc import Container
from dataclasses import dataclass, field

from nkwatch.domain.source import Role

#: Words and cases, of each so many, that one wish or the mutes may follow; and letters of one of them, or of a phrase.
MOST_FOLLOWED, LONGEST = 50, 100


@dataclass(frozen=True, slots=True)
class Follows:
    """Words and cases to look for, as the reader wrote them, in any script. They are sealed at rest."""

    words: frozenset[str] = field(default=frozenset(), repr=False)
    #: names of persons, in any spelling
    cases: frozenset[str] = field(default=frozenset(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.words or self.cases)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscriber wants to read.

    Themes on one side, sources and kinds of source (roles) on the other: the two narrow each other, values of one side
    widen, an empty side means any. What is followed widens: it is sent whatever the sides say. A wish that only
    follows asks for nothing else.
    """

    themes: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    follows: Follows = Follows()

    @property
    def only_follows(self) -> bool:
        """Whether nothing but words and cases is asked for."""
        return bool(self.follows) and not (self.themes or self.sources or self.roles)

    def lost(self, themes: Container[str], sources: Container[str]) -> frozenset[str]:
        """The names that keep it from ever being met, where these are all themes and sources that there are."""
        there = any(t in themes for t in self.themes)
        found = any(s in sources for s in self.sources) or self.roles
        return (frozenset() if there else self.themes) | (frozenset() if found else self.sources)


@dataclass(frozen=True, slots=True)
class Mutes:
    """What is never sent, whatever a wish says: stories on a theme, with a word or a case; reports of a source."""

    themes: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    follows: Follows = Follows()

    def __bool__(self) -> bool:
        return bool(self.themes or self.sources or self.roles or self.follows)
