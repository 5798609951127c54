"""What the options of a command ask of the archive, read as the address of a page that asks the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from nkwatch.assembly import Newsroom
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.search import Query
from nkwatch.web.asking import Known, read_query

Several = list[str] | None


@dataclass(frozen=True, slots=True)
class _Typed:
    values: Mapping[str, Several]

    def getlist(self, key: str) -> list[str]:
        """All values of a parameter."""
        return self.values.get(key) or []


def asked_for(newsroom: Newsroom, typed: Mapping[str, Several]) -> Query:
    """The query, of values by the names of parameters. Raises `ConfigError` with all that is mistaken in them."""
    known = Known(newsroom.rules.lexicon.by_code, newsroom.sources)
    query, mistakes = read_query(_Typed(typed), known)
    if mistakes:
        raise ConfigError(*map(str, mistakes))
    return query
