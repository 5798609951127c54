"""Settings as a page shows them, put among others."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit


def put(file: Path, text: str, into: Path | None = None) -> None:
    """Write these settings into those of `file`, or of another one, in the place of what stands there."""
    there = tomllib.loads(file.read_text("utf-8"))
    (into or file).write_text(tomlkit.dumps(together(there, tomllib.loads(text))), "utf-8")


def together(settings: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with these in their place, table by table."""
    tables = {name: together(settings[name], more[name]) for name in more if isinstance(settings.get(name), dict)}
    return {**settings, **more, **tables}
