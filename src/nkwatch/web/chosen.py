"""What a reader chose, by names instead of codes, and when the next digest comes: for every page that shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from nkwatch.assembly import Newsroom
from nkwatch.domain.source import Role, Source
from nkwatch.domain.subscriber import Choice, Subscriber
from nkwatch.domain.theme import Theme
from nkwatch.domain.wish import Mutes, Wish
from nkwatch.editing.windows import next_closing
from nkwatch.mail.views import Name, plain
from nkwatch.web.views import publisher_of

#: A window that closes at the very end of a pause is sent.
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Side:
    """What one wish asks for, or what is muted; all empty means everything, or nothing."""

    themes: tuple[str, ...]
    sources: tuple[Name, ...]
    roles: tuple[Role, ...]
    words: tuple[str, ...]
    cases: tuple[str, ...]

    def __bool__(self) -> bool:
        return any((self.themes, self.sources, self.roles, self.words, self.cases))


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice as its reader knows it."""

    choice: Choice
    wishes: tuple[Side, ...]
    mutes: Side


@dataclass(frozen=True, slots=True)
class Naming:
    """Where the names come from; what has none any more is called by its code."""

    themes: Mapping[str, Theme]
    sources: Mapping[str, Source]

    @classmethod
    def of(cls, newsroom: Newsroom) -> "Naming":
        """The names that a newsroom knows."""
        return cls(newsroom.rules.lexicon.by_code, newsroom.sources)

    def chosen(self, choice: Choice, language: str) -> Chosen:
        """A choice for the pages of one language."""
        wishes = tuple(self._side(wish, language) for wish in choice.wishes)
        return Chosen(choice, wishes, self._side(choice.mutes, language))

    def _side(self, given: Wish | Mutes, language: str) -> Side:
        known = [c for c in self.themes if c in given.themes]
        gone = sorted(given.themes.difference(self.themes))
        names = {publisher_of(self.sources[i]) if i in self.sources else Name(plain(i), "") for i in given.sources}
        return Side(
            themes=(*(self.themes[c].name(language) for c in known), *gone),
            sources=tuple(sorted(names, key=lambda name: name.text.casefold())),
            roles=tuple(role for role in Role if role in given.roles),
            words=tuple(sorted(given.follows.words)),
            cases=tuple(sorted(given.follows.cases)),
        )


def next_digest(subscriber: Subscriber) -> datetime | None:
    """When the next digest closes that may be sent (UTC); None for a subscriber without digests."""
    after = subscriber.covered_until
    if subscriber.paused_until is not None:
        after = max(after, subscriber.paused_until - _INSTANT)
    return next_closing(subscriber.choice.schedule, after)
