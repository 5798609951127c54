"""Writes the roll of readers into a file that `nkwatch subscribers import` reads again."""

import csv
import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.choices import MUTE, SIDES, SINGLE, record
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import Form, plain, plain_errors, say
from nkwatch.cli.sheets import FORMULA, several_in
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.subscriber import Own, Standing

COLUMNS = (
    *("email", "status", "joined_at", "confirmed_at", "origin", "left_at", "paused_until"),
    *SINGLE,
    *SIDES,
    *(MUTE + side for side in SIDES),
    "wishes",
)


def export_readers(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write (mode 600); else standard output.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="JSON lines, or a table.")] = Form.JSON_LINES,
    standing: Annotated[Standing | None, typer.Option(help="Only those with this standing.")] = None,
) -> None:
    """Write the readers with addresses, consent and everything that they chose, so that they can be imported again.

    There is no such thing on the site. Who was erased is not in it: nothing but a keyed hash is left of them, and that
    stays in the database. Delete the file when it has done its work.

    Example: nkwatch subscribers export --out readers.jsonl
    """

    async def work(newsroom: Newsroom) -> list[Own]:
        return [own for own in await newsroom.subscribers.everybody() if standing in {None, own.standing}]

    readers = in_newsroom(context, work)
    write = write_csv if form is Form.CSV else write_json_lines
    with plain_errors():
        try:
            with _private(out) if out else nullcontext(sys.stdout) as file:
                write(readers, file)
        except FileExistsError:
            raise ConfigError(f"{out}: already there, nothing was written") from None
        except BrokenPipeError:
            raise  # who reads has read enough
        except OSError as wrong:
            raise ConfigError(f"{out}: cannot be written: {wrong.strerror}") from wrong
    say(f"{len(readers)} readers written" + (f" to {out} (mode 600)" if out else ""))


def write_json_lines(readers: Iterable[Own], file: TextIO) -> None:
    """One JSON object on each line."""
    for own in readers:
        reader = own.subscriber
        told = {
            "id": reader.id,
            "address": own.address,
            "standing": str(own.standing),
            "joined_at": _said(own.joined_at),
            "consent": _consent(own),
            "ended_at": _said(own.ended_at),
            "end_reason": own.end_reason,
            "paused_until": _said(reader.paused_until),
            "choice": record(reader.choice),
        }
        file.write(json.dumps(told, ensure_ascii=False) + "\n")


def write_csv(readers: Iterable[Own], file: TextIO) -> None:
    """One row for each, with `COLUMNS`; what a spreadsheet would run as a formula has an apostrophe before it."""
    table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    table.writeheader()
    for own in readers:
        table.writerow({name: _cell(value) for name, value in _flat(own).items()})


def _flat(own: Own) -> dict[str, Any]:
    chosen, consent = record(own.subscriber.choice), _consent(own) or {}
    wishes, mutes = chosen.pop("wishes"), chosen.pop("mutes")
    several = len(wishes) > 1
    return {
        "email": own.address,
        "status": str(own.standing),
        "joined_at": _said(own.joined_at),
        "confirmed_at": consent.get("given_at"),
        "origin": consent.get("origin"),
        "left_at": _said(own.ended_at),
        "paused_until": _said(own.subscriber.paused_until),
        "wishes": json.dumps(wishes, ensure_ascii=False) if several else None,
        **chosen,
        **({} if several else wishes[0]),
        **{MUTE + side: values for side, values in mutes.items()},
    }


def _consent(own: Own) -> Mapping[str, str | None] | None:
    return {"origin": own.consent.origin, "given_at": _said(own.consent.given_at)} if own.consent else None


def _said(instant: datetime | None) -> str | None:
    return plain(instant) if instant else None


def _cell(value: Any) -> str:
    if isinstance(value, list):
        value = several_in(value)
    said = {None: "", True: "yes", False: "no"}.get(value) if value is None or isinstance(value, bool) else str(value)
    return f"'{said}" if said and FORMULA.match(said) else said or ""


def _private(path: Path) -> TextIO:
    """A new file that nobody else may read."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8", newline="")
