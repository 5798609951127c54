"""An installation as an operator would have it, for campaigns: settings, secrets, `nkwatch` as processes of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.zones import environment
from nkwatch.assembly import Newsroom, open_newsroom
from nkwatch.catalogue.sources import load_sources
from nkwatch.config import load_config, load_secrets
from nkwatch.keys import Keyring, new_master_key
from nkwatch.workflow.ports import Clock

_SETTINGS = """
database = "{database}"
{before}
[site]
url = "https://watch.example"
contact = "editors@watch.example"
[mail]
host = "{host}"
port = {port}
security = "none"
sender = "digest@watch.example"
connections = {connections}
lease = {lease}
timeout = 5
last_timeout = 20
per_day = 100000000
[polling]
pause = {pause}
deadline = 15
allow = {allow}
[alerts]
trusted = {trusted}
[web]
port = 0
[log]
json = true
[catalogue]
disable = {shipped}
"""
#: Nobody outside is asked: every source that ships and is on is switched off.
_SHIPPED = json.dumps([s.id for s in load_sources().values() if s.enabled])


@dataclass(slots=True)
class Installation:
    """Settings in `folder`; `extra` is the environment of what is started. Logs of processes are beside them."""

    folder: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    started: int = 0

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.folder / "nkwatch.toml"

    def write(
        self,
        database: str,
        port: int,
        *,
        host: str = "127.0.0.1",
        lease: float = 60,
        connections: int = 5,
        pause: float = 1,
        allow: Sequence[str] = (),
        trusted: Sequence[str] = (),
        before: str = "",
        more: str = "",
    ) -> None:
        """Write settings, and secrets where there are none yet."""
        text = _SETTINGS.format(
            database=database, port=port, host=host, lease=lease, connections=connections, pause=pause, before=before,
            allow=json.dumps(list(allow)), trusted=json.dumps(list(trusted)), shipped=_SHIPPED,
        )  # fmt: skip
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings.write_text(text + more, "utf-8")
        secrets = self.folder / "nkwatch.secrets.toml"
        if not secrets.exists():
            secrets.touch(mode=0o600)
            secrets.write_text(f'current = 1\n[keys]\n1 = "{new_master_key()}"\n', "utf-8")

    def keyring(self) -> Keyring:
        """The keys of this installation."""
        return load_secrets(self.folder / "nkwatch.secrets.toml").keyring()

    def open(self, clock: Clock | None = None) -> AbstractAsyncContextManager[Newsroom]:
        """The newsroom in this process, at another time where a clock is given."""
        config = load_config(self.settings)
        secrets = load_secrets(config.secrets)
        return open_newsroom(config, secrets, clock) if clock else open_newsroom(config, secrets)

    def start(self, *arguments: str, before: Sequence[str] = ()) -> "Process":
        """Run `nkwatch` with these arguments, in a process group of its own; `before` is a command that starts it."""
        self.started += 1
        log = self.folder / f"log-{self.started}"
        command = [*before, sys.executable, "-m", "nkwatch", "--config", str(self.settings), *arguments]
        inherited = {**os.environ, "NO_COLOR": "1", **environment(self.folder), **self.extra}
        with log.open("wb") as file:
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=file, env=inherited, start_new_session=True
            )
        return Process(process, log)

    def run(self, *arguments: str, seconds: float = 120) -> tuple[int, str, str]:
        """Exit code, standard output and error of a command."""
        done = subprocess.run(
            [sys.executable, "-m", "nkwatch", "--config", str(self.settings), *arguments],
            env={**os.environ, "NO_COLOR": "1", **environment(self.folder), **self.extra},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=seconds,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr


@dataclass(frozen=True, slots=True)
class Process:
    """A process of `nkwatch` with the workers that it started, all in one group; its log is JSON lines."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def signal(self, number: int) -> None:
        """Signal all of the group, as when a machine stands still or dies."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def end(self, seconds: float = 15) -> int:
        """Stop it in order; kill it when it does not stop. Answers its exit code, -9 where it was killed."""
        self.signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        # workers of a main process that was killed are its orphans
        self.signal(signal.SIGKILL)
        return self.process.returncode

    def kill(self) -> None:
        """Kill all of it, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def text(self) -> str:
        """The whole log."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def events(self, name: str = "") -> list[dict[str, object]]:
        """The lines of the log that are JSON objects, all or those of one event."""
        found = []
        for line in self.text().splitlines():
            try:
                one = json.loads(line)
            except ValueError:
                continue
            if isinstance(one, dict) and name in {"", one.get("event")}:
                found.append(one)
        return found
