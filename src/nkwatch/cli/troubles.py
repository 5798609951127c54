"""What went wrong in a command that nobody foresaw there, as one sentence: an operator at night reads no traceback."""

import os
import sqlite3
import traceback
from pathlib import Path
from typing import NoReturn

from sqlalchemy.exc import DBAPIError

import nkwatch
from nkwatch import logs
from nkwatch.cli.output import end, plain_errors
from nkwatch.domain.problems import ConfigError
from nkwatch.keys import BrokenSeal
from nkwatch.store.database import remedy

#: Set by who looks for a mistake in nkwatch: then there is a traceback after all.
WHOLE = "NKWATCH_TRACEBACK"
#: So many places are named, the one where it happened first.
PLACES = 3


def end_by(wrong: Exception) -> NoReturn:
    """Say what happened, where, and what to do, and end the command.

    Raises what is a mistake in nkwatch where `WHOLE` is set.
    """
    with plain_errors():
        if isinstance(wrong, ConfigError | BrokenSeal):
            raise wrong
    end(_sentence(wrong))


def _sentence(wrong: Exception) -> str:
    match wrong:
        case DBAPIError():
            return f"database: {' '.join(str(wrong.orig).split())}; nothing was half-written; {remedy(wrong)}"
        case sqlite3.Error():
            return f"database: {wrong}; nothing was half-written"
        case OSError():
            return f"{wrong.filename or 'input or output'}: {wrong.strerror or wrong}"
        case _:
            return _mistake(wrong)


def _mistake(wrong: Exception) -> str:
    if os.environ.get(WHOLE):
        raise wrong
    said = " ".join(logs.redact(f"{type(wrong).__name__}: {wrong}").split())
    place = f"{_where(wrong)}; nkwatch {nkwatch.__version__}"
    return f"this is a mistake in nkwatch, please report it with this line: {said} ({place})"


def _where(wrong: Exception) -> str:
    """The last places in our own code."""
    ours = Path(nkwatch.__file__).parent
    frames = [f for f in traceback.extract_tb(wrong.__traceback__) if Path(f.filename).is_relative_to(ours)]
    return " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-PLACES:])) or "not in our code"
