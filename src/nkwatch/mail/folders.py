"""Mail into a folder, a file or standard output instead of a relay, for trying out."""

import asyncio
import mailbox
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from nkwatch.domain.delivery import Deferred, Handover, Message, Refused, Sent, Unknown
from nkwatch.domain.problems import ConfigError
from nkwatch.mail.envelopes import as_written, sendable
from nkwatch.mail.letters import Letters, Single

#: Writes octets from a sender, and answers the name they have there.
_Write = Callable[[bytes, str], str]

_FROM = re.compile(rb"(?m)^(?=>*From )")
#: Who else writes to the same mbox is waited for this often, this many seconds.
_TRIES, _PAUSE = 20, 0.1


class FolderRelay:
    """Satisfies the port Relay with `maildir:FOLDER`, `mbox:FILE` or `stdout`; accepted is what has reached the disk.

    Raises `ConfigError` for a place that is none of the three. `out` is what stands for standard output.
    """

    def __init__(self, place: str, out: BinaryIO | None = None) -> None:
        kind, _, path = place.partition(":")
        writers: dict[str, _Write] = {
            "maildir": lambda octets, _sender: _into_maildir(Path(path), octets),
            "mbox": lambda octets, sender: _into_mbox(Path(path), octets, sender),
            "stdout": lambda octets, sender: _into_stream(out or sys.stdout.buffer, octets, sender),
        }
        if kind not in writers or bool(path) == (kind == "stdout"):
            raise ConfigError(f"mail.to: {place!r} is no place for mail; use maildir:FOLDER, mbox:FILE or stdout")
        self._place, self._write = place, writers[kind]
        self._one = asyncio.Lock()

    @property
    def connections(self) -> int:
        """One: a file has one end."""
        return 1

    async def carry(self, letters: Letters) -> str:
        """Write what `letters` gives; answers why nothing can be written."""
        while (message := await letters.next()) is not None:
            outcome: Handover = Unknown("the hand-over was stopped")
            try:
                await letters.offer(message)
            except BaseException:
                letters.give_back(message)
                raise
            try:
                outcome = await self._written(message)
            finally:
                letters.answered(message, outcome)
            if isinstance(outcome, Deferred):
                return outcome.reply
        return ""

    async def hand_over(self, message: Message) -> Handover:
        """Write a single message."""
        return await Single(message).by(self.carry)

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _written(self, message: Message) -> Handover:
        try:
            recipient = sendable(message.recipient)
            sender = sendable(message.sender) if message.sender else ""
        except ValueError as why:
            return Refused(str(why))
        octets = _stored(message, sender, recipient)
        try:
            async with self._one:
                name = await asyncio.to_thread(self._write, octets, sender)
        except (OSError, mailbox.Error) as why:
            return Deferred(f"{self._place} cannot be written: {type(why).__name__}, {_reason(why)}", line=True)
        return Sent(f"250 written to {self._place.partition(':')[0]}", name)


def _stored(message: Message, sender: str, recipient: str) -> bytes:
    """The message as the last host keeps it (RFC 5321, 4.4), with the line ends of this system."""
    envelope = f"Return-Path: <{sender}>\nDelivered-To: {recipient}\n".encode()
    return envelope + as_written(message).replace(b"\r\n", b"\n")


def _into_maildir(folder: Path, octets: bytes) -> str:
    """One file a message; answers its name."""
    for made in (folder, folder / "tmp", folder / "new", folder / "cur"):
        made.mkdir(mode=0o700, parents=made == folder, exist_ok=True)
    box = mailbox.Maildir(folder, create=False)
    key = box.add(octets)  # written, synchronised and only then put into "new"
    (folder / "new" / key).chmod(0o600)
    _synchronise(folder / "new")
    return key.partition(".")[2].partition(".")[0]


def _into_mbox(file: Path, octets: bytes, sender: str) -> str:
    """At the end of the file, under its locks."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    box = mailbox.mbox(file, create=False)
    try:
        _lock(box)
        size = file.stat().st_size
        try:
            box.add(_quoted(octets, sender))
            box.flush()
        except OSError:
            os.truncate(file, size)  # half a message would be read as part of the one before
            raise
    finally:
        box.close()
    _synchronise(file.parent)
    return ""


def _into_stream(stream: BinaryIO, octets: bytes, sender: str) -> str:
    """As in an mbox, so that what is redirected into a file can be read as one."""
    stream.write(_quoted(octets, sender) + b"\n")
    stream.flush()
    return ""


def _quoted(octets: bytes, sender: str) -> bytes:
    """Behind a "From " line, and no line that looks like one (RFC 4155)."""
    when = time.asctime(time.gmtime())
    end = b"" if octets.endswith(b"\n") else b"\n"
    return f"From {sender or 'MAILER-DAEMON'} {when}\n".encode() + _FROM.sub(b">", octets) + end


def _lock(box: mailbox.mbox) -> None:
    for last in (*[False] * (_TRIES - 1), True):
        try:
            box.lock()
        except mailbox.ExternalClashError:
            if last:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _synchronise(folder: Path) -> None:
    """A name is on the disk when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | cast("int", getattr(os, "O_DIRECTORY", 0)))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(problem: Exception) -> str:
    return problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
