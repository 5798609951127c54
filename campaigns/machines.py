"""Several machines on one: each daemon has a network of its own where that is permitted, and lines that can be cut.

With the rights for it each is in a network namespace (ip-netns(8)), joined to this one by a pair of interfaces; a cut
takes the interface down, and packets vanish. Elsewhere each reaches the database and the mail server over ports of its
own, and a cut stops who carries the bytes; the site is then reached all the time. Every line ends on 127.0.0.1 either
way, through `campaigns.forwarding`.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field

NAMESPACES, PORTS = "network namespaces", "ports of its own, without network namespaces: the site is not cut off"
#: Seconds that commands about the network may take.
_LONGEST = 20


@dataclass(slots=True)
class Line:
    """How one machine reaches the others: `ports` are where it finds what listens elsewhere, `before` starts a command
    in its network.
    """

    ports: Mapping[int, int]
    before: Sequence[str] = ()
    _interface: str = ""
    _carrier: "subprocess.Popen[str] | None" = None
    down: bool = field(default=False)

    def cut(self) -> None:
        """Nothing comes through, and nobody is told."""
        self.down = True
        if self._interface:
            _do("ip", "link", "set", self._interface, "down")
        elif self._carrier:
            self._carrier.send_signal(signal.SIGSTOP)

    def join(self) -> None:
        """It works again."""
        self.down = False
        if self._interface:
            _do("ip", "link", "set", self._interface, "up")
        elif self._carrier:
            self._carrier.send_signal(signal.SIGCONT)


@contextmanager
def lines(count: int, ports: Sequence[int], shared: Sequence[int]) -> Iterator[tuple[str, list[Line]]]:
    """How they are joined, and a line for each; `shared` ports must have the same number everywhere."""
    with ExitStack() as stack:
        if permitted():
            net = _unused_net()
            made = [stack.enter_context(_namespace(n, net, [*ports, *shared])) for n in range(count)]
            yield NAMESPACES, made
        else:
            yield PORTS, [stack.enter_context(_ports(ports)) for _ in range(count)]


def permitted() -> bool:
    """Whether namespaces can be made here."""
    if os.geteuid() or not shutil.which("ip"):
        return False
    name = f"nkw{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False, timeout=_LONGEST)
    if made.returncode:
        return False
    veth = ["ip", "link", "add", f"{name}x", "type", "veth", "peer", "name", f"{name}y"]
    paired = subprocess.run(veth, capture_output=True, check=False, timeout=_LONGEST)
    if not paired.returncode:
        _do("ip", "link", "del", f"{name}x")
    _do("ip", "netns", "del", name)
    return not paired.returncode


def _unused_net() -> str:
    """Of the addresses for private networks some that no interface has: a campaign that was killed leaves its own."""
    first = os.getpid() % 200
    taken = _do("ip", "-oneline", "address")
    return next(net for n in range(200) if f" {(net := f'10.{(first + n) % 200 + 20}')}." not in taken)


@contextmanager
def _namespace(number: int, of: str, ports: Sequence[int]) -> Iterator[Line]:
    name, net = f"nkw{os.getpid()}-{number}", f"{of}.{number}"
    outer = f"nkw{os.getpid() % 100000}o{number}"
    inner = f"nkw{os.getpid() % 100000}i{number}"
    _do("ip", "netns", "add", name)
    try:
        _do("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name)
        _do("ip", "addr", "add", f"{net}.1/30", "dev", outer)
        _do("ip", "link", "set", outer, "up")
        inside = ("ip", "netns", "exec", name)
        _do(*inside, "ip", "addr", "add", f"{net}.2/30", "dev", inner)
        _do(*inside, "ip", "link", "set", "lo", "up")
        _do(*inside, "ip", "link", "set", inner, "up")
        outside = [f"{net}.1:{port}=127.0.0.1:{port}" for port in ports]
        within = [f"127.0.0.1:{port}={net}.1:{port}" for port in ports]
        with carrying(outside), carrying(within, inside):
            yield Line({port: port for port in ports}, inside, outer)
    finally:
        # the pair goes with its namespace
        _do("ip", "netns", "del", name)


@contextmanager
def _ports(ports: Sequence[int]) -> Iterator[Line]:
    own = {port: free_port() for port in ports}
    with carrying([f"127.0.0.1:{mine}=127.0.0.1:{port}" for port, mine in own.items()]) as carrier:
        yield Line(own, (), "", carrier)


def carrying(places: Sequence[str], before: Sequence[str] = ()) -> "AbstractContextManager[subprocess.Popen[str]]":
    """Carries bytes between pairs of places (see `campaigns.forwarding`); `before` starts it in another network."""
    return ready([*before, sys.executable, "-m", "campaigns.forwarding", *places])


@contextmanager
def ready(command: Sequence[str]) -> "Iterator[subprocess.Popen[str]]":
    """A process that says a line once it is at work, until the end. Raises `RuntimeError` where it says none."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if not (process.stdout and process.stdout.readline()):
            raise RuntimeError(f"it ended before it was at work: {' '.join(command)}")
        yield process
    finally:
        process.kill()
        process.communicate()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def _do(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=_LONGEST).stdout
