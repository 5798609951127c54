"""Who an editor is, and the words that an editor signs."""

import getpass
from collections.abc import Sequence
from typing import Annotated

import typer

from nkwatch.cli.completing import editors
from nkwatch.config import Config
from nkwatch.domain.problems import ConfigError

By = Annotated[
    str,
    typer.Option(
        "--by", help="Who says so: an editor of the settings; else the name you log in by.", autocompletion=editors
    ),
]
Say = Annotated[
    list[str],
    typer.Option("--say", help="Your words, with their language before them: en=The name was wrong. May be repeated."),
]

#: What is asked of people before such words leave: they cannot be called back.
TELLS = "Mail that to everybody who got it (--dry-run says how many)?"


def login() -> str:
    """The name that somebody is logged in by. Raises `ConfigError` where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError) as wrong:
        raise ConfigError("nobody is logged in by a name: say who you are with --by (or --editor)") from wrong


def signer(config: Config, by: str) -> str:
    """The name of the editor who says something. Raises `ConfigError` where the settings know editors, and not this."""
    names = {e.name.casefold(): e.name for e in config.editor}
    if not names:
        return by or login()
    if not by and len(names) == 1:
        return next(iter(names.values()))
    if by.casefold() not in names:
        said = f"no editor is called {by!r}" if by else "say who you are, with --by NAME"
        raise ConfigError(f"{said}; the settings name {', '.join(names.values())}")
    return names[by.casefold()]


def words(given: Sequence[str], languages: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of language and text, the one given first leads. Raises `ConfigError` for each that is no such pair."""
    pairs = [(code.strip(), text.strip()) for code, _, text in (g.partition("=") for g in given)]
    problems = [
        f"--say {g!r}: write a language of {', '.join(languages)} before it, such as en=The name was wrong"
        for g, (code, text) in zip(given, pairs, strict=True)
        if code not in languages or not text
    ]
    codes = [code for code, _ in pairs]
    problems += [f"--say: twice in {code}" for code in sorted({c for c in codes if codes.count(c) > 1})]
    if problems or not pairs:
        raise ConfigError(*(problems or ["--say: tell readers what was wrong, such as --say 'en=The name was wrong.'"]))
    return tuple(pairs)
