"""Reads leaving.toml: how readers ask to leave."""

from collections.abc import Iterator, Mapping
from typing import Any

from nkwatch.catalogue.phrases import by_language, unknown
from nkwatch.catalogue.shipped import toml
from nkwatch.domain.problems import ConfigError
from nkwatch.editing.leaving import Wording

TABLES = ("requests", "courtesies", "prefixes")


def load_leaving(text: str = "") -> Wording:
    """The wording in `text`, or the one that ships with nkwatch. Raises `ConfigError` naming all that is wrong."""
    data = toml("leaving.toml", text)
    problems = (*unknown("leaving.toml", data, TABLES), *(p for t in TABLES for p in by_language(t, data.get(t))))
    if problems:
        raise ConfigError(*problems)
    return Wording.of(*(_phrases(data[name]) for name in TABLES))


def _phrases(lists: Mapping[str, Any]) -> Iterator[str]:
    yield from (phrase for phrases in lists.values() for phrase in phrases)
