"""What templates see of the reasons for a story: names in the reader's language, words as the reader wrote them."""

from collections.abc import Iterable
from dataclasses import dataclass

from nkwatch.editing.matching import Reason
from nkwatch.mail.views import Names, plain

ANY = "any"
#: Before the id of a story: the name of the slot that says why it is sent.
SLOT = "reasons_"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of a choice matched, each once; all empty for somebody who chose everything.

    `named` are themes and publishers, `roles` are codes of kinds of source, `followed` are words and names.
    """

    named: tuple[str, ...]
    roles: tuple[str, ...]
    followed: tuple[str, ...]


def chosen(reasons: Iterable[Reason], names: Names, language: str) -> Chosen:
    """The view of `reasons` for readers of `language`."""
    found = [(reason.kind, value) for reason in reasons for value in reason.values]

    def of(*kinds: str) -> Iterable[tuple[str, str]]:
        return ((kind, value) for kind, value in found if kind in kinds)

    named = (names.theme(v, language) if kind == "theme" else names.publisher(v) for kind, v in of("theme", "source"))
    return Chosen(
        tuple(dict.fromkeys(map(plain, named))),
        tuple(dict.fromkeys(str(v) for _, v in of("role"))),
        tuple(dict.fromkeys(plain(v) for _, v in of("word", "case"))),
    )


def only_any(reasons: Iterable[Reason]) -> bool:
    """Whether nothing narrower than "everything" asked for a story."""
    return all(reason.kind == ANY for reason in reasons)
