"""Whether a story is what a reader wants to read, and why.

The sides of a wish narrow each other, values of one side widen, followed words and cases widen, mutes win. Context
themes are read only by who names them, or follows what stands in the story.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

from nkwatch.domain.reading import Mention, MentionKind
from nkwatch.domain.source import Role
from nkwatch.domain.story import Report, Story
from nkwatch.domain.subscriber import Choice
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.editing.following import Named, Passage, patterns
from nkwatch.reading.names import name_key

NOBODY: Mapping[str, str] = MappingProxyType({})
#: The kinds of reasons in the order in which they are told.
ANY, THEME, SOURCE, ROLE, WORD, CASE = KINDS = ("any", "theme", "source", "role", "word", "case")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody gets a story: the kind of choice that matched (one of `KINDS`) and its values.

    Words and cases are as the reader wrote them. `any` has no values: nothing special was asked for.
    """

    kind: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Part:
    """A report, and what in it a wish or a mute may ask for; made out once, when it is first asked for.

    `known` leads from the keys of spellings to the keys of known cases (`CaseBook.keys`).
    """

    report: Report
    known: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def source(self) -> str:
        """The id of the source that it comes from."""
        return self.report.statement.source_id

    @property
    def role(self) -> Role:
        """The kind of that source."""
        return self.report.role

    @cached_property
    def themes(self) -> frozenset[str]:
        """The codes of its themes."""
        return frozenset(f.code for f in self.report.reading.themes)

    @cached_property
    def rights(self) -> bool:
        """Whether it is on human rights in North Korea."""
        return self.report.reading.on_rights

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """Its title and its text."""
        return Passage.of(self.report.statement.title), Passage.of(self.report.statement.text)

    @cached_property
    def named(self) -> tuple[Named, ...]:
        """The persons whom it names as cases."""
        return tuple(self._named(m) for m in self.report.reading.cases if m.kind is MentionKind.PERSON)

    def _named(self, mention: Mention) -> Named:
        others = {spelling for spelling, case in self.known.items() if case == mention.key}
        return Named(mention.who.phrase, frozenset({mention.key, name_key(mention.who.phrase), *others} - {""}))


@dataclass(frozen=True, eq=False)
class Offer:
    """A story, prepared to be matched against many readers."""

    story: Story
    parts: tuple[Part, ...]
    #: the followed words that stand in each report, where all that are followed were looked for at once
    standing: Mapping[Part, frozenset[str]] | None = None
    #: the story with fewer of its reports, one for all who mute the others; and what is offered then
    fewer: dict[tuple[Part, ...], Story] = field(default_factory=dict)
    _left: "dict[tuple[Part, ...], Offer]" = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, story: "Story | Offer", known: Mapping[str, str] = NOBODY) -> "Offer":
        """What a story offers. `known` leads from the keys of spellings to those of known cases (`CaseBook.keys`)."""
        return story if isinstance(story, Offer) else cls(story, tuple(Part(r, known) for r in story.reports))

    @cached_property
    def themes(self) -> frozenset[str]:
        """The codes of its themes."""
        return frozenset[str]().union(*(p.themes for p in self.parts))

    @cached_property
    def strongest(self) -> tuple[str, ...]:
        """The same, the strongest of the leading report first."""
        return self.story.themes

    @cached_property
    def sources(self) -> frozenset[str]:
        """The ids of the sources that report it."""
        return frozenset(p.source for p in self.parts)

    @cached_property
    def roles(self) -> frozenset[Role]:
        """The kinds of these sources."""
        return frozenset(p.role for p in self.parts)

    @cached_property
    def rights(self) -> bool:
        """Whether any report of it is on human rights in North Korea."""
        return any(p.rights for p in self.parts)

    def public(self, now: datetime) -> "Offer | None":
        """The reports that may be shown at `now`; None where none of them may."""
        return self._keeping(p for p in self.parts if p.report.statement.public(now))

    def besides(self, mutes: Mutes) -> "Offer | None":
        """Without the reports of muted sources and kinds of source; None where no other is left."""
        if mutes.sources.isdisjoint(self.sources) and mutes.roles.isdisjoint(self.roles):
            return self
        return self._keeping(p for p in self.parts if p.source not in mutes.sources and p.role not in mutes.roles)

    def _keeping(self, kept: Iterable[Part]) -> "Offer | None":
        parts = tuple(kept)
        if len(parts) == len(self.parts):
            return self
        if not parts:
            return None
        if (left := self._left.get(parts)) is None:
            if (story := self.fewer.get(parts)) is None:
                story = self.fewer[parts] = replace(self.story, reports=tuple(p.report for p in parts))
            left = self._left[parts] = Offer(story, parts, self.standing)
        return left

    def words(self, follows: Follows) -> frozenset[str]:
        """The followed words that stand in it."""
        if self.standing is not None:
            return follows.words & self._standing
        return frozenset(filter(self._has, follows.words))

    def cases(self, follows: Follows) -> frozenset[str]:
        """The followed names that it names, in another spelling too, or has as words."""
        if not follows.cases:
            return follows.cases
        return frozenset(name for name in follows.cases if self._names(name) or self._has(name))

    def _has(self, word: str) -> bool:
        if self.standing is not None:
            return word in self._standing
        looked_for = patterns(word)
        return any(t.has(pattern) for part in self.parts for t in part.passages for pattern in looked_for)

    @cached_property
    def _standing(self) -> frozenset[str]:
        standing = self.standing or {}
        return frozenset[str]().union(*(standing[part] for part in self.parts))

    def _names(self, name: str) -> bool:
        return any(named.by(name) for part in self.parts for named in part.named)


def reasons(choice: Choice, story: Story | Offer) -> tuple[Reason, ...]:
    """All reasons, over all wishes, why `story` is sent, each kind once; none means that it is not."""
    offer = heard(choice.mutes, Offer.of(story))
    return wanted(choice.wishes, offer) if offer else ()


def heard(mutes: Mutes, offer: Offer) -> Offer | None:
    """What mutes leave of a story. A muted theme, word or case in what is left mutes it."""
    if not mutes:
        return offer
    left = offer.besides(mutes)
    if left is None:
        return None
    muted = not mutes.themes.isdisjoint(left.themes) or left.words(mutes.follows) or left.cases(mutes.follows)
    return None if muted else left


def wanted(wishes: Iterable[Wish], offer: Offer) -> tuple[Reason, ...]:
    """Why any of these wishes asks for a story, whatever is muted."""
    found: dict[str, AbstractSet[str]] = {}
    for wish in wishes:
        for kind, values in _match(wish, offer):
            found[kind] = found[kind] | values if kind in found else values
    return tuple([Reason(kind, _ordered(kind, found[kind], offer)) for kind in KINDS if kind in found])


def _match(wish: Wish, offer: Offer) -> list[tuple[str, AbstractSet[str]]]:
    """What of a wish matches, by kind."""
    told: list[tuple[str, AbstractSet[str]]] = []
    if follows := wish.follows:
        told = [(WORD, offer.words(follows)), (CASE, offer.cases(follows))]
        if wish.only_follows:
            return [one for one in told if one[1]]
    themes, sources, roles = wish.themes & offer.themes, wish.sources & offer.sources, wish.roles & offer.roles
    on_it = themes or (offer.rights and not wish.themes)
    if on_it and (sources or roles or not (wish.sources or wish.roles)):
        chosen = themes or sources or roles
        told += ((THEME, themes), (SOURCE, sources), (ROLE, roles)) if chosen else ()
        return [one for one in told if one[1]] + ([] if chosen else [(ANY, frozenset())])
    return [one for one in told if one[1]]


def _ordered(kind: str, values: AbstractSet[str], offer: Offer) -> tuple[str, ...]:
    """Themes as the story has them, the strongest first; all else by the alphabet."""
    if len(values) <= 1:
        return tuple(values)
    return tuple([t for t in offer.strongest if t in values]) if kind == THEME else tuple(sorted(values))
