"""A *labelled* statement says what a reader of it should find: rules are learned from such, and measured on others."""

from dataclasses import dataclass

from nkwatch.domain.reading import Urgency


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and what a person says of it. `optional` themes are defensible, but neither right nor wrong.

    `story` is shared by texts that report the same thing; empty where nobody has said. So are `published` (an ISO 8601
    date) and `publisher`.
    """

    id: str
    title: str
    text: str
    language: str
    about_nk: bool
    themes: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    urgency: Urgency = Urgency.ROUTINE
    story: str = ""
    published: str = ""
    publisher: str = ""
    url: str = ""
