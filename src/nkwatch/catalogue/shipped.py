"""The files that ship with nkwatch, and those that stand in their place."""

import tomllib
from importlib.resources import files
from typing import Any

from nkwatch.domain.problems import ConfigError


def shipped(name: str) -> str:
    """The text of the file of this name that ships with nkwatch."""
    return (files("nkwatch.catalogue") / name).read_text("utf-8")


def toml(name: str, own: str = "") -> dict[str, Any]:
    """What TOML the file `name` holds, or `own` where that is not empty. Raises `ConfigError` where it is none."""
    try:
        return tomllib.loads(own or shipped(name))
    except tomllib.TOMLDecodeError as wrong:
        raise ConfigError(f"{name} is no TOML: {wrong}") from wrong
