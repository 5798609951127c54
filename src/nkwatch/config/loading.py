"""Reads the settings and the secrets: two TOML files. Every problem is reported at once, with its line."""

import os
import re
import stat
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from nkwatch.config.schema import Schema
from nkwatch.config.secret import Secrets
from nkwatch.config.settings import Config
from nkwatch.domain.problems import ConfigError

M = TypeVar("M", bound=BaseModel)
#: May hold a password, and is not repeated in messages.
PRIVATE = frozenset({"polling.proxy"})
#: Who left, where the database is a server.
DEPARTED = "nkwatch.departed"
#: What to do where the secrets file is gone. A new key would open none of the addresses that there are.
NO_SECRETS = (
    "restore it from its backup: without it no address of a reader can be read, and another one does not help."
    " Where there are no readers yet, `nkwatch init` in an empty folder makes one"
)
#: The operator's own files and folders, named relative to the settings.
OWN = ("templates", "rules", "calendar")


def load_config(path: Path) -> Config:
    """The settings in `path`. Raises `ConfigError` with every problem and its line."""
    text = _read(path, "run `nkwatch init` to make one")
    config = _validated(Config, text, path)
    base = path.resolve().parent
    resolved: dict[str, Any] = {
        "secrets": base / config.secrets,
        "database": _absolute(config.database, base),
    }
    resolved |= {name: base / own for name in OWN if (own := getattr(config, name))}
    departed = config.installation.departed or _departed(resolved["database"])
    if departed:
        resolved["installation"] = config.installation.model_copy(update={"departed": base / departed})
    if config.dkim:
        resolved["dkim"] = config.dkim.beside(base)
    if config.mail.to:
        resolved["mail"] = config.mail.model_copy(update={"to": _beside(config.mail.to, base)})
    return config.model_copy(update=resolved)


def load_secrets(path: Path) -> Secrets:
    """The secrets in `path`, which nobody but its owner may read. Raises `ConfigError`."""
    text = _read(path, NO_SECRETS)
    # systemd gives a credential to the service alone, by an access list, which a mode shows as a group's
    given = path.parent == Path(os.environ.get("CREDENTIALS_DIRECTORY") or os.devnull)
    if not given and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path}: others may read it; run: chmod 600 {path}")
    return _validated(Secrets, text, path)


def _read(path: Path, remedy: str) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; {remedy}") from None
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigError(f"{path}: cannot be read: {wrong}") from wrong


def _validated(model: type[M], text: str, path: Path) -> M:
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as wrong:
        raise ConfigError(f"{path}: no TOML: {wrong}") from wrong
    except ValidationError as wrong:
        schema, open_to_all = Schema.of(model), model is not Secrets
        raise ConfigError(
            *(_problem(e, text, path, schema, open_to_all=open_to_all) for e in wrong.errors())
        ) from wrong


def _problem(error: Any, text: str, path: Path, schema: Schema, *, open_to_all: bool) -> str:
    """One problem: file, line, setting, what is wrong, the value (never one of a secret), what the setting means."""
    where = error["loc"]
    name = ".".join(str(part) for part in where)
    value = error.get("input")
    may_be_shown = open_to_all and name not in PRIVATE
    shown = f" (it is {value!r})" if isinstance(value, str | int | float) and may_be_shown else ""
    told = f"{path}, line {line_of(text, where)}: {name}"
    if error["type"] == "extra_forbidden":
        near = get_close_matches(str(where[-1]), schema.names(where[:-1]), n=1)
        return f"{told}: no such setting{shown}{''.join(f'; did you mean {one}?' for one in near)}"
    meaning, stop, _ = schema.meaning(where).partition(". ")
    return f"{told}: {error['msg'].removeprefix('Value error, ')}{shown}{meaning and f'. {meaning}{stop.strip()}'}"


def line_of(text: str, where: tuple[str | int, ...]) -> int:
    """The line (from 1) on which a setting stands, or else its nearest table."""
    lines = text.splitlines()
    names = [p for p in where if isinstance(p, str)]
    index = next((p for p in where if isinstance(p, int)), 0)
    headers = (
        [i for i, row in enumerate(lines) if re.match(rf"\s*\[\[?\s*{re.escape(names[0])}\b", row)] if names else []
    )
    start = headers[min(index, len(headers) - 1)] if headers else 0
    for number in range(start, len(lines)):
        if names and re.match(rf"\s*{re.escape(names[-1])}\s*=", lines[number]):
            return number + 1
        if headers and number > start and re.match(r"\s*\[", lines[number]):
            break
    return start + 1


def _beside(to: str, base: Path) -> str:
    kind, colon, name = to.partition(":")
    return f"{kind}:{base / name}" if colon else to


def _departed(database: str) -> Path | None:
    """Where it is kept who left; nothing is kept beside a database in memory."""
    if not database.startswith("sqlite:"):
        return Path(DEPARTED)
    name = database.removeprefix("sqlite:///").partition("?")[0]
    return Path(f"{name}.departed") if name not in {"", ":memory:", "sqlite://"} else None


def _absolute(database: str, base: Path) -> str:
    prefix = "sqlite:///"
    name = database.removeprefix(prefix)
    return f"{prefix}{base / name}" if database.startswith(prefix) and name != ":memory:" else database
