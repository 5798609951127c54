"""What templates see of the reasons for a story: names in the reader's language, words as the reader wrote them."""

from collections.abc import Iterable
from dataclasses import dataclass

from nkwatch.editing.matching import ANY, CASE, ROLE, SOURCE, THEME, WORD, Reason
from nkwatch.mail.views import Names, plain
from nkwatch.mail.widths import shorten

#: Before the id of a story: the name of the slot that says why it is sent.
SLOT = "reasons_"
#: Room for a word, a name or a publisher, in columns.
VALUE_WIDTH = 60


@dataclass(frozen=True, slots=True)
class Matched:
    """What of a choice matched, each once; all empty for somebody who chose everything.

    `named` are themes and publishers, `roles` are codes of kinds of source, `followed` are words and names.
    """

    named: tuple[str, ...]
    roles: tuple[str, ...]
    followed: tuple[str, ...]


def matched(reasons: Iterable[Reason], names: Names, language: str) -> Matched:
    """The view of `reasons` for readers of `language`."""
    found = [(reason.kind, value) for reason in reasons for value in reason.values]

    def of(*kinds: str) -> Iterable[tuple[str, str]]:
        return ((kind, value) for kind, value in found if kind in kinds)

    named = (names.theme(v, language) if kind == THEME else names.publisher(v) for kind, v in of(THEME, SOURCE))
    return Matched(
        _each(named),
        tuple(dict.fromkeys(str(v) for _, v in of(ROLE))),
        _each(v for _, v in of(WORD, CASE)),
    )


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(shorten(plain(value), VALUE_WIDTH) for value in values))


def told(kind: str, value: str, names: Names, language: str) -> str:
    """A theme, publisher, word or name among reasons, as it is shown."""
    called = {THEME: lambda: names.theme(value, language), SOURCE: lambda: names.publisher(value)}
    return shorten(plain(called[kind]() if kind in called else value), VALUE_WIDTH)


def only_any(reasons: Iterable[Reason]) -> bool:
    """Whether nothing narrower than "everything" asked for a story."""
    return all(reason.kind == ANY for reason in reasons)
