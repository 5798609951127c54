"""The file of who left, kept beside the database and only ever added to: what a restored database does not know.

Each line is JSON with a number, and a signature by our keys. No address is in it: keyed hashes, and ids that tell
nothing. What is signed by other keys, or was half-written in a crash, does not count.
"""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nkwatch.domain.departure import Act, Departure
from nkwatch.keys import Keyring

#: For which its lines are signed.
PURPOSE = "departed"
#: Of a reason.
LONGEST_WHY = 80


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file holds: lines in their order, the highest mark, and how many lines are gone or changed."""

    lines: tuple[Departure, ...] = ()
    mark: int = 0
    damaged: int = 0


class DepartedFile:
    """The file at `path`. Several processes and threads may write to it. Raises `OSError` where it cannot be used."""

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self.path = path
        self._keyring = keyring
        self._one = threading.Lock()
        self._file = 0
        self._size = 0
        self._last = 0
        #: the highest mark that this process has seen in it
        self.mark = 0

    def exists(self) -> bool:
        """Whether there is one."""
        return self.path.exists()

    def read(self) -> Kept:
        """All that it holds; nothing where there is none."""
        if not self.exists():
            return Kept()
        with self._open(os.O_RDONLY) as file:
            numbered = list(_lines(_rest(file, 0), self._keyring))
            self._last = self.mark = 0
            self._note(file, numbered)
        lines = tuple(line for _, line in numbered)
        last = max((number for number, _ in numbered), default=0)
        return Kept(lines, max((line.mark for line in lines), default=0), last - len(lines))

    def append(self, lines: Sequence[Departure]) -> None:
        """Add these lines; they are on the disk when this returns. What makes the file is on the disk too."""
        new = not self.exists()
        with self._open(os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
            self._catch_up(file)
            begin = b"" if _ends(file) else b"\n"
            # a mark that others have passed meanwhile tells nothing
            kept = [line for line in lines if line.act is not Act.MARK or line.mark > self.mark]
            texts = [_text(line, self._last + n, self._keyring) for n, line in enumerate(kept, 1)]
            _write(file, begin + "".join(texts).encode())
            self._note(file, [(self._last + n, line) for n, line in enumerate(kept, 1)])
        if new:
            on_disk(self.path.parent)

    def _catch_up(self, file: int) -> None:
        """Take note of what others wrote since this process looked last."""
        known = os.fstat(file)
        if known.st_ino != self._file or known.st_size < self._size:
            self._size = self._last = self.mark = 0
        self._note(file, list(_lines(_rest(file, self._size), self._keyring)))

    def _note(self, file: int, numbered: Sequence[tuple[int, Departure]]) -> None:
        self._file, self._size = os.fstat(file).st_ino, os.fstat(file).st_size
        self._last = max([self._last, *(number for number, _ in numbered)])
        self.mark = max([self.mark, *(line.mark for _, line in numbered)])

    @contextmanager
    def _open(self, flags: int) -> Iterator[int]:
        """The file, while nobody else writes to it."""
        with self._one:
            file = os.open(self.path, flags | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
            finally:
                os.close(file)


def _text(line: Departure, number: int, keyring: Keyring) -> str:
    told = {
        "n": number,
        "at": line.at.isoformat(),
        "act": line.act.value,
        "who": line.who,
        "keys": [key.hex() for key in line.keys],
        "why": line.why[:LONGEST_WHY],
        "mark": line.mark,
    }
    body = json.dumps({name: value for name, value in told.items() if value}, separators=(",", ":"))
    return f"{body} {keyring.sign(PURPOSE, body)}\n"


def _lines(octets: bytes, keyring: Keyring) -> Iterator[tuple[int, Departure]]:
    """The lines that are ours, each with its number. What has no end yet is no line."""
    for row in octets.split(b"\n")[:-1]:
        body, _, signature = row.decode("utf-8", "replace").rpartition(" ")
        if body and keyring.is_signed(PURPOSE, body, signature):
            told = json.loads(body)
            yield (
                told["n"],
                Departure(
                    Act(told["act"]),
                    datetime.fromisoformat(told["at"]),
                    told.get("who", ""),
                    tuple(bytes.fromhex(key) for key in told.get("keys", ())),
                    told.get("why", ""),
                    told.get("mark", 0),
                ),
            )


def _rest(file: int, start: int) -> bytes:
    """All octets from `start` on."""
    read: Callable[[int], bytes] = lambda at: os.pread(file, 1 << 20, at)  # noqa: E731
    pieces = []
    while piece := read(start):
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces)


def _ends(file: int) -> bool:
    """Whether the last line is whole."""
    size = os.fstat(file).st_size
    return size == 0 or os.pread(file, 1, size - 1) == b"\n"


def _write(file: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(file, octets) :]
    os.fsync(file)


def on_disk(folder: Path) -> None:
    """So that a new name in it outlives a loss of power."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
