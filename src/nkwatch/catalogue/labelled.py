"""Reads labelled statements: JSON lines, as `labelled/README.md` describes them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any

from nkwatch.domain.labelled import Labelled
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.reading import Urgency


def load_labelled() -> list[Labelled]:
    """The labelled statements that ship with nkwatch, in a fixed order."""
    folder = files("nkwatch.catalogue") / "labelled"
    parts = sorted((f for f in folder.iterdir() if f.name.endswith(".jsonl")), key=lambda f: f.name)
    return [one for part in parts for one in read_labelled(part.read_text("utf-8").split("\n"), part.name)]


def read_labelled(lines: Iterable[str], name: str) -> Iterator[Labelled]:
    """The statements in these lines of the file `name`. Raises `ConfigError` with the line that is wrong."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _labelled(json.loads(line), f"{name}:{number}")
            except (ValueError, TypeError, AttributeError, RecursionError) as wrong:
                raise ConfigError(f"{name}, line {number}: no labelled statement: {wrong}") from wrong
            except KeyError as missing:
                raise ConfigError(f"{name}, line {number}: no labelled statement: it lacks {missing}") from missing


def _labelled(record: Mapping[str, Any], place: str) -> Labelled:
    level = str(record["urgency"]).upper()
    if level not in Urgency.__members__:
        raise ValueError(f"urgency is {record['urgency']!r}; it must be urgent, notable or routine")
    if not isinstance(record["about_nk"], bool):
        raise TypeError("about_nk must be true or false")
    if isinstance(record["themes"], str) or isinstance(record.get("optional_themes"), str):
        raise TypeError("themes and optional_themes must be lists of codes")
    return Labelled(
        id=str(record.get("id") or place),
        title=str(record["title"] or ""),
        text=str(record["text"] or ""),
        language=str(record["lang"]),
        about_nk=bool(record["about_nk"]),
        themes=tuple(record["themes"]),
        optional=frozenset(record.get("optional_themes") or ()),
        urgency=Urgency[level],
        story=str(record.get("story") or ""),
        published=str(record.get("date") or ""),
        publisher=str(record.get("publisher") or ""),
        url=str(record.get("url") or ""),
    )
