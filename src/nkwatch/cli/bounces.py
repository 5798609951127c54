"""Commands on the mails that come back."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from nkwatch.cli.deferring import Later, deferring
from nkwatch.cli.output import bar, end, errors, plain_errors
from nkwatch.domain.bounce import Bounce
from nkwatch.feeds.workers import Workers
from nkwatch.mail.bounces.pieces import LARGEST
from nkwatch.mail.bounces.reading import read_bounce

#: Those that ask the database; to read a mail nothing else is needed.
COMMANDS = {
    "take": Later(
        "bouncing:take",
        "Act on mails that came back, as if they had come to the mailbox of bounces; the files stay as they are.",
    ),
    "webhooks": Later(
        "bouncing:webhooks",
        "Print the addresses that mail providers may report to; whoever knows one can report in the provider's name.",
    ),
}

bounces_app = typer.Typer(
    help="Mails that come back: bounces, complaints, automatic replies.", no_args_is_help=True, cls=deferring(COMMANDS)
)

Mails = Annotated[
    Path,
    typer.Argument(help="A mail, an mbox file, a folder of mails, a maildir; - reads one mail from standard input."),
]
#: Mails that are read at a time, so that both workers have something to do.
AT_A_TIME = 8
#: The line between two mails in an mbox file (RFC 4155, appendix A).
_BETWEEN = re.compile(rb"From \S{1,300} +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ")


@bounces_app.command("read")
def read(
    path: Mails,
) -> None:
    """Show what mails tell, as JSON lines: file, kind, final, recipients, status, reason.

    The kind is hard, soft, complaint, auto-reply or none. A soft one that is not final only warns of a delay.

    Example: nkwatch bounces read /var/mail/bounces
    """
    refuse_missing(path)
    with plain_errors(), bar("Reading") as show:
        asyncio.run(_read(path, show))


async def _read(path: Path, show: Callable[[int, int], None]) -> None:
    done, expected = 0, 1 if str(path) == "-" else sum(1 for _ in _files(path))
    async with Workers() as workers, aclosing(told(path, workers)) as mails:
        async for name, bounce in mails:
            sys.stdout.write(json.dumps(_record(name, bounce), ensure_ascii=False) + "\n")
            done += 1
            show(done, max(done, expected))


def refuse_missing(path: Path) -> None:
    """End the command where nothing is at a path."""
    if str(path) != "-" and not path.exists():
        end(f"{path}: there is no such file or folder")


def told(path: Path, workers: Workers) -> AsyncGenerator[tuple[str, Bounce], None]:
    """What the mails at a path tell, each with its name: of a file, a folder, a maildir, or standard input (-)."""
    mails = iter([("-", sys.stdin.buffer.read(LARGEST))]) if str(path) == "-" else _mails(_files(path))
    return _told(mails, workers)


async def _told(mails: Iterable[tuple[str, bytes]], workers: Workers) -> AsyncGenerator[tuple[str, Bounce], None]:
    """What each mail tells, in their order. One that kills or holds up its reader tells nothing."""
    waiting = iter(mails)
    while group := list(islice(waiting, AT_A_TIME)):
        found = await asyncio.gather(*(workers.run(read_bounce, raw) for _, raw in group))
        for (name, _), bounce in zip(group, found, strict=True):
            yield name, bounce if isinstance(bounce, Bounce) else Bounce()


def _files(path: Path) -> Iterator[Path]:
    """The mails in a folder, in order; where some end in .eml, only these."""
    if not path.is_dir():
        yield path
        return
    inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    named = [p for p in inside if p.suffix == ".eml"]
    yield from named or inside


def _mails(files: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for file in files:
        try:
            with file.open("rb") as opened:
                yield from _in_file(file, opened)
        except OSError as wrong:
            errors.print(f"{file}: {wrong.strerror}", markup=False, soft_wrap=True)


def _in_file(file: Path, opened: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """The one mail of a file, or those of an mbox file by their numbers. Of a large one only the beginning."""
    mails = list(_between(opened)) if _BETWEEN.match(opened.peek(400)) else [opened.read(LARGEST)]  # type: ignore[attr-defined]
    if len(mails) == 1:
        yield str(file), mails[0]
        return
    for number, raw in enumerate(mails, 1):
        yield f"{file}#{number}", raw


def _between(opened: BinaryIO) -> Iterator[bytes]:
    """The mails of an mbox file."""
    mail: list[bytes] = []
    size, blank = 0, True
    for line in opened:
        if blank and _BETWEEN.match(line) and mail:
            yield b"".join(mail)
            mail, size = [], 0
        if size < LARGEST:
            mail.append(line)
            size += len(line)
        blank = not line.strip()
    yield b"".join(mail)


def _record(name: str, bounce: Bounce) -> dict[str, object]:
    return {
        "file": name,
        "kind": bounce.kind.value,
        "final": bounce.final,
        "recipients": list(bounce.recipients),
        "status": bounce.status,
        "reason": bounce.reason,
    }
