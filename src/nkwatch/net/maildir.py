"""Maildirs, read where they lie. The standard library's parses each mail on the way, and tells neither size nor age.

Symbolic links and whatever is no plain file are left alone.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: What stands before the flags in the name of a mail, and the flag of one that was seen.
FLAGS, SEEN = ":2,", "S"


@dataclass(frozen=True, slots=True)
class MailFile:
    """A mail as a file: where it lies, when it came (POSIX time), its size (bytes)."""

    path: Path
    came: float
    size: int

    @property
    def name(self) -> str:
        """The name without flags, which change when somebody reads the mail."""
        return self.path.name.partition(":")[0]

    @property
    def seen(self) -> bool:
        """Whether somebody has read or handled it."""
        return self.path.parent.name == "cur" and SEEN in self.path.name.partition(FLAGS)[2]

    def mark_seen(self) -> None:
        """Move it to where mails lie that were seen. Raises `OSError`."""
        flags = "".join(sorted({*self.path.name.partition(FLAGS)[2], SEEN}))
        self.path.rename(self.path.parent.parent / "cur" / f"{self.name}{FLAGS}{flags}")


def files(maildir: Path) -> Iterator[MailFile]:
    """The mails of a maildir, in no order. Raises `OSError` where it cannot be read."""
    for folder in ("new", "cur"):
        for file in os.scandir(maildir / folder):
            about = _about(file)
            if about is not None and stat.S_ISREG(about.st_mode) and not file.name.startswith("."):
                yield MailFile(Path(file.path), about.st_mtime, about.st_size)


def _about(file: "os.DirEntry[str]") -> os.stat_result | None:
    try:
        return file.stat(follow_symlinks=False)
    except FileNotFoundError:  # somebody has just moved it
        return None
