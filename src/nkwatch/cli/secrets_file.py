"""Edits the file of secrets for its operator; comments stay."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomlkit

from nkwatch.cli.settings_file import replaced
from nkwatch.config import Secrets
from nkwatch.domain.problems import ConfigError


def edited(path: Path, text: str, change: Callable[[Any], None], by_hand: str) -> str:
    """The secrets in `text` after a change of their tables. Raises `ConfigError`, which says what to do `by_hand`."""
    document, wanted = tomlkit.parse(text), tomllib.loads(text)
    change(document)
    change(wanted)
    after = tomlkit.dumps(document)
    if tomllib.loads(after) != wanted:
        raise ConfigError(f"{path}: it is written in a way that cannot be edited here; {by_hand} by hand")
    return after


def replace_secrets(path: Path, before: str, after: str) -> None:
    """Replace the secrets in one step. Raises `ConfigError`, and then nothing has changed."""
    replaced(path, before, after, lambda _: Secrets.model_validate(tomllib.loads(after)).keyring(), kept=False)
