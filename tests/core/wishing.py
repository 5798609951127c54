"""Readers and stories of any kind, few values of each, so that they meet."""

from hypothesis import strategies as st

from nkwatch.domain.reading import Evidence, Mention, MentionKind
from nkwatch.domain.source import Role
from nkwatch.domain.story import Report, Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.reading.names import name_key
from tests.making import context, finding, reading, statement, story, subscriber

CODES = ("prisons", "women", "security", "culture")
SOURCES = ("a", "b", "c")
ROLES = (Role.STATEMENT, Role.PRESS, Role.STATE_MEDIA)
WORDS = ("Yodok", "camp", "camp*", "prison camp", "북송", "강제 북송", "…", "YODOK")
NAMES = ("Kim Dong-chul", "김동철", "KIM Tong Chol", "Kim Jong Un", "김종은", "Robert Park")
TEXTS = ("the prison-camp", "Yodok campaign", "강제북송된", "decamp to yodok", "Kim Dong-chul", "nothing")
SPELT = ("김동철", "김정은", "Kim Dong Chol", "Park, Robert")

_FOUND = {c: context(c) if c in {"security", "culture"} else finding(c) for c in CODES}


def mention(name: str, kind: MentionKind = MentionKind.PERSON, key: str = "") -> Mention:
    """A case that a report names."""
    return Mention(Evidence("text", 0, len(name), name), key or name_key(name), kind)


def told(name: str = "s1", *cases: Mention, role: Role = Role.STATEMENT, themes: tuple[str, ...] = (), **fields: object) -> Report:  # fmt: skip
    """A report with these cases and themes by code."""
    one = statement(name, **fields)
    read = reading(name, themes=tuple(_FOUND[c] for c in themes), cases=cases)
    return Report(one, read, role, one.publisher)


def _some(values: tuple[str, ...], most: int = 2) -> "st.SearchStrategy[frozenset[str]]":
    return st.frozensets(st.sampled_from(values), max_size=most)


follows = st.one_of(st.just(Follows()), st.builds(Follows, words=_some(WORDS), cases=_some(NAMES)))
wishes = st.builds(Wish, themes=_some(CODES, 3), sources=_some(SOURCES), roles=_some(ROLES), follows=follows)
mutes = st.one_of(
    st.just(Mutes()),
    st.builds(Mutes, themes=_some(CODES), sources=_some(SOURCES), roles=_some(ROLES), follows=follows),
)


@st.composite
def readers(draw: st.DrawFn) -> Subscriber:
    """Somebody with up to three wishes."""
    return subscriber(wishes=tuple(draw(st.lists(wishes, max_size=3))), mutes=draw(mutes))


@st.composite
def reports(draw: st.DrawFn, name: str) -> Report:
    """A report from one source, on any themes."""
    title, text = draw(st.sampled_from(TEXTS)), draw(st.sampled_from(TEXTS))
    cases = [mention(n) for n in draw(st.lists(st.sampled_from(SPELT), max_size=2))]
    return told(
        name,
        *cases,
        role=draw(st.sampled_from(ROLES)),
        themes=tuple(draw(st.lists(st.sampled_from(CODES), unique=True, max_size=3))),
        source_id=draw(st.sampled_from(SOURCES)),
        title=title,
        text=text,
    )


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A story with one to three reports."""
    return story(*(draw(reports(f"s{n}")) for n in range(draw(st.integers(1, 3)))))
