"""A *theme* is a subject of the catalogue."""

from dataclasses import dataclass
from enum import StrEnum


class ThemeKind(StrEnum):
    """Rights themes make a statement one on human rights; context themes (security, culture) alone do not."""

    RIGHTS = "rights"
    CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class Theme:
    """A subject, with its name by language code."""

    code: str
    kind: ThemeKind
    names: dict[str, str]

    def name(self, language: str) -> str:
        """The theme's name in `language`, else in English."""
        return self.names.get(language) or self.names["en"]
