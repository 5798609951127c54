"""Who an editor is, the words that an editor signs, and what an editor does by a command."""

import getpass
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.completing import editors
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, WRONG, end
from nkwatch.config import Config
from nkwatch.domain.problems import ConfigError
from nkwatch.workflow.correct import Refused

T = TypeVar("T")

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
Why = Annotated[str, typer.Option("--note", help="Why, for the record; readers do not see it.")]

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


def signed(context: typer.Context, by: str, act: Callable[[Newsroom, str], Awaitable[T]]) -> T:
    """Do what an editor does, given the newsroom and the editor's name."""

    async def work(newsroom: Newsroom) -> T:
        return await act(newsroom, signer(newsroom.config, by))

    return in_newsroom(context, work)


def taken(made: T | Refused) -> T:
    """What was done. Ends the command where it could not be."""
    if isinstance(made, Refused):
        end(made.reason, WRONG if made.usage else FAILED)
    return made


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
