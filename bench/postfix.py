"""smtp-sink and smtp-source of Postfix: found on the path in a cache folder, or fetched when that is asked for.

The Debian package is unpacked and never configured; nothing of it is started but these two programs.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LIBRARIES = "usr/lib/postfix"
#: Seconds that fetching may take, and that the sink may need until it answers.
FETCHING, STARTING = 120, 10
MISSING = "smtp-sink is not installed (Debian: package postfix; python -m bench.postfix fetches it into the cache)"


@dataclass(frozen=True, slots=True)
class Postfix:
    """Where the two programs are, and the folder of their libraries ("" where the system knows them)."""

    sink: str
    source: str
    libraries: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What they are to be started with."""
        return {**os.environ, "LD_LIBRARY_PATH": self.libraries} if self.libraries else dict(os.environ)


def folder() -> Path:
    """The cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nkwatch" / "postfix"


def find() -> Postfix | None:
    """The programs, where they are there already."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    sink, source = (shutil.which(name, path=path) for name in ("smtp-sink", "smtp-source"))
    if sink and source:
        return Postfix(sink, source)
    sinks = folder() / "usr/sbin"
    if all((sinks / name).is_file() for name in ("smtp-sink", "smtp-source")):
        return Postfix(str(sinks / "smtp-sink"), str(sinks / "smtp-source"), str(folder() / _LIBRARIES))
    return None


def fetch() -> Postfix | None:
    """The programs; where they are missing, the package is downloaded by apt-get and unpacked into the cache folder."""
    if found := find():
        return found
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return None
    packages = folder() / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    ended = subprocess.run(
        ["apt-get", "download", "postfix"], cwd=packages, check=False, capture_output=True, timeout=FETCHING
    )
    if ended.returncode:
        return None
    for package in packages.glob("postfix_*.deb"):
        subprocess.run(["dpkg", "-x", package, folder()], check=True, timeout=FETCHING)
    return find()


@contextmanager
def smtp_sink(postfix: Postfix, backlog: int = 100) -> Iterator[int]:
    """smtp-sink on a free port of loopback, stopped in the end."""
    port = _free_port()
    # it refuses to run as root
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [postfix.sink, "-4", *user, f"127.0.0.1:{port}", str(backlog)],
        env=postfix.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.kill()
        process.communicate()


def smtp_source(postfix: Postfix, port: int, file: Path, messages: int, sessions: int, limit: float) -> float:
    """Seconds in which smtp-source hands over the message in `file` so many times."""
    command: Sequence[str] = (
        *(postfix.source, "-4", "-d", "-s", str(sessions), "-m", str(messages), "-F", str(file)),
        *("-M", "watch.example", "-f", "digest@watch.example", "-t", "reader@readers.example"),
        f"127.0.0.1:{port}",
    )
    began = time.perf_counter()
    subprocess.run(command, env=postfix.environment, check=True, capture_output=True, timeout=limit)
    return time.perf_counter() - began


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + STARTING
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    process.kill()
    said = process.communicate()[1].decode(errors="replace").strip()
    raise RuntimeError(f"smtp-sink did not start: {said or 'it does not answer'}")


if __name__ == "__main__":
    print(fetch() or MISSING)  # noqa: T201
