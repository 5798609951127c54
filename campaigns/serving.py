"""The mail server of a campaign, as a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Server:
    """Takes mail on `port` and writes it down in `log`."""

    port: int
    log: Path
    process: "subprocess.Popen[str]"

    def mark(self, name: str) -> None:
        """Write a mark once every connection is closed."""
        self._ask(f"mark {name}")

    def note(self, name: str) -> None:
        """Write a line at once."""
        self._ask(f"note {name}")

    def _ask(self, line: str) -> None:
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the mail server has no standard input")
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        if not self.process.stdout.readline():
            raise RuntimeError("the mail server ended")


@contextmanager
def serving(log: Path, fault: str = "") -> Iterator[Server]:
    """A server, stopped in the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "campaigns.relay", str(log), fault],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = process.stdout.readline() if process.stdout else ""
        if not said:
            raise RuntimeError("the mail server did not start")
        yield Server(int(said), log, process)
    finally:
        process.kill()
        process.communicate()
