"""Reads leaving.toml: how readers ask to leave."""

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from nkwatch.catalogue.phrases import by_language, unknown
from nkwatch.domain.problems import ConfigError
from nkwatch.editing.leaving import Wording

TABLES = ("requests", "courtesies", "prefixes")


def load_leaving(text: str = "") -> Wording:
    """The wording in `text`, or the one that ships with nkwatch. Raises `ConfigError` naming all that is wrong."""
    shipped = text or (files("nkwatch.catalogue") / "leaving.toml").read_text("utf-8")
    try:
        data = tomllib.loads(shipped)
    except tomllib.TOMLDecodeError as wrong:
        raise ConfigError(f"leaving.toml is no TOML: {wrong}") from wrong
    problems = (*unknown("leaving.toml", data, TABLES), *(p for t in TABLES for p in by_language(t, data.get(t))))
    if problems:
        raise ConfigError(*problems)
    return Wording.of(*(_phrases(data[table]) for table in TABLES))


def _phrases(table: Mapping[str, Any]) -> Iterator[str]:
    yield from (phrase for phrases in table.values() for phrase in phrases)
