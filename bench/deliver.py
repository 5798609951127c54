"""``python -m bench deliver``: how fast mail leaves and is written down, beside what else hands over mail.

Everything runs on loopback, against smtp-sink of Postfix, or a sink of ours where replies take their time or TLS is
spoken. Each contender is a process of its own.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import postfix
from bench.contending import Contender, alone, contender
from bench.delivering_contenders import turns
from bench.delivering_parts import CONNECTIONS, rows
from bench.report import Report
from bench.rounds import ROUNDS

#: Seconds that each reply of the slow sink takes.
ROUND_TRIP = 0.02
#: Seconds after which a program that is compared with is given up.
LONGEST = 120.0
#: Times that the disk is waited for in a turn.
COMMITS = 200
#: Megabytes that a million deliveries may take.
ROOM = 120.0
GOALS: dict[str, Mapping[str, float]] = {
    "unsigned_over_smtp_source": {"min": 1.2},
    "signed_over_openssl": {"min": 0.65},
    "over_usual_way": {"min": 40.0},
    "over_aiosmtplib_at_20ms": {"min": 3.9},
    "memory_1m_of_120_megabytes": {"max": 1.0},
    "memory_1m_over_100k": {"max": 1.1},
}
_SIGNATURES = re.compile(r"^rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Different mails; mails of a turn, by contender; deliveries in the look at memory; seconds of openssl; rounds."""

    mails: int = 1_000
    unsigned: int = 20_000
    signed: int = 10_000
    usual: int = 250
    slow: int = 1_500
    slow_peer: int = 400
    memory: int = 1_000_000
    seconds: int = 2
    rounds: int = ROUNDS


#: All of one size: one outbox is filled for all.
QUICK = Sizes(mails=40, unsigned=200, signed=200, usual=8, slow=200, slow_peer=24, memory=200, seconds=1, rounds=1)


@dataclass(slots=True)
class Rates:
    """What was measured, round by round: mails or signatures a second; of `count` rounds."""

    count: int = ROUNDS
    rounds: dict[str, list[float]] = field(default_factory=dict)

    def race(self, contenders: Mapping[str, Callable[[], float]]) -> None:
        """All in turn; a first round warms up, and is not counted."""
        for number in range(self.count + 1):
            for name, turn in contenders.items():
                rate = turn()
                if number:
                    self.rounds.setdefault(name, []).append(rate)

    def ratio(self, name: str, peer: str) -> float:
        """How many times as fast as its peer: the median over the rounds."""
        pairs = zip(self.rounds[name], self.rounds[peer], strict=True)
        return median(one / other for one, other in pairs)


def run(*, quick: bool) -> Report:
    """Race on loopback, then with a slow line and with TLS; then the memory for many."""
    sizes = QUICK if quick else Sizes()
    report, rates = Report("deliver", goals=dict(GOALS)), Rates(sizes.rounds)
    tools = postfix.fetch()
    if tools is None:
        sys.stderr.write(f"{postfix.MISSING}\n")
        report.not_measured += GOALS
        return report
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        alone(_mails, folder, sizes.mails)
        for count in {sizes.unsigned, sizes.signed, sizes.slow}:
            alone(_rows, folder, count)
        report.figures["mail_median_octets"] = _octets(folder)
        peaks = [*_on_loopback(rates, folder, tools, sizes), *_far_away(rates, folder, sizes)]
        peaks += _with_tls(rates, folder, sizes)
        # a million rows take longer to write than everything else together: they come last
        if not rows(folder, sizes.memory).exists():
            alone(_rows, folder, sizes.memory)
        _memory(report, folder, tools, sizes)
    _tell(report, rates)
    report.figures["turns_peak_megabytes"] = max(peaks)
    report.not_measured += [name for name in GOALS if name not in report.ratios]
    return report


def _on_loopback(rates: Rates, folder: Path, tools: postfix.Postfix, sizes: Sizes) -> Iterator[float]:
    with ExitStack() as stack:
        port = stack.enter_context(postfix.smtp_sink(tools))
        start = _Starting(stack, folder, port)
        unsigned, signed = start("ours", sizes.unsigned), start("ours", sizes.signed, "signed")
        usual = start("usual", sizes.usual)
        contenders = {
            "unsigned": lambda: _rate(unsigned),
            "smtp_source": lambda: sizes.unsigned / _source(tools, port, folder, sizes.unsigned),
            "signed": lambda: _rate(signed),
            "usual": lambda: _rate(usual),
        }
        if shutil.which("openssl"):
            contenders["openssl"] = lambda: _openssl(sizes.seconds)
        contenders["disk"] = lambda: _commits(folder)
        rates.race(contenders)
        yield from (turn["peak_megabytes"] for one in (unsigned, signed) for turn in one.turns)


def _far_away(rates: Rates, folder: Path, sizes: Sizes) -> Iterator[float]:
    with ExitStack() as stack:
        port = stack.enter_context(_sink("--delay", str(ROUND_TRIP)))
        start = _Starting(stack, folder, port)
        ours, peer = start("ours", sizes.slow), start("ready", sizes.slow_peer)
        rates.race({"at_20ms": lambda: _rate(ours), "aiosmtplib_at_20ms": lambda: _rate(peer)})
        yield from (turn["peak_megabytes"] for turn in ours.turns)


def _with_tls(rates: Rates, folder: Path, sizes: Sizes) -> Iterator[float]:
    """The same sink with TLS and without."""
    with ExitStack() as stack:
        plain, tls = stack.enter_context(_sink()), stack.enter_context(_sink("--tls", str(folder / "sink.pem")))
        one = _Starting(stack, folder, plain)("ours", sizes.signed)
        other = _Starting(stack, folder, tls)("ours", sizes.signed, "tls")
        rates.race({"without_tls": lambda: _rate(one), "with_tls": lambda: _rate(other)})
        yield from (turn["peak_megabytes"] for turn in other.turns)


def _memory(report: Report, folder: Path, tools: postfix.Postfix, sizes: Sizes) -> None:
    """One process that delivers many, filled by another."""
    with ExitStack() as stack:
        port = stack.enter_context(postfix.smtp_sink(tools))
        ours = _Starting(stack, folder, port)("ours", sizes.memory)
        ours.ask()
    turn, name = ours.turns[0], "1m" if sizes.memory == 1_000_000 else f"{sizes.memory}"
    report.figures[f"memory_{name}_peak_megabytes"] = turn["peak_megabytes"]
    report.figures[f"memory_{name}_mails_per_second"] = turn["messages"] / turn["seconds"]
    for number, megabytes in enumerate(turn["resident"], 1):
        report.figures[f"memory_after_{number}00k_megabytes"] = megabytes
    if name == "1m":
        report.ratios["memory_1m_of_120_megabytes"] = turn["peak_megabytes"] / ROOM
        report.ratios["memory_1m_over_100k"] = turn["resident"][-1] / turn["resident"][0]


def _tell(report: Report, rates: Rates) -> None:
    for name, found in rates.rounds.items():
        unit = {"openssl": "signatures", "disk": "commits"}.get(name, "mails")
        report.figures[f"{name}_{unit}_per_second"] = median(found)
    report.ratios["unsigned_over_smtp_source"] = rates.ratio("unsigned", "smtp_source")
    report.ratios["over_usual_way"] = rates.ratio("signed", "usual")
    report.ratios["over_aiosmtplib_at_20ms"] = rates.ratio("at_20ms", "aiosmtplib_at_20ms")
    report.ratios["signed_over_unsigned"] = rates.ratio("signed", "unsigned")
    report.ratios["with_tls_over_without"] = rates.ratio("with_tls", "without_tls")
    if "openssl" in rates.rounds:
        report.ratios["signed_over_openssl"] = rates.ratio("signed", "openssl")


def _rate(contender: Contender) -> float:
    contender.ask()
    turn = contender.turns[-1]
    return float(turn["messages"] / turn["seconds"])


def _source(tools: postfix.Postfix, port: int, folder: Path, messages: int) -> float:
    return postfix.smtp_source(tools, port, folder / "one.eml", messages, CONNECTIONS, LONGEST)


def _openssl(seconds: int) -> float:
    """Signatures a second on one core."""
    command = ["openssl", "speed", "-seconds", str(seconds), "rsa2048"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LONGEST).stdout
    found = _SIGNATURES.search(said)
    if found is None:
        raise RuntimeError(f"openssl said nothing of use: {said}")
    return float(found[1])


def _commits(folder: Path) -> float:
    """How often a second the disk can be waited for: each commit does it once at least."""
    with (folder / "waited").open("wb", buffering=0) as file:
        began = time.perf_counter()
        for _ in range(COMMITS):
            file.write(bytes(8192))
            os.fdatasync(file.fileno())
        return COMMITS / (time.perf_counter() - began)


def _octets(folder: Path) -> float:
    """The size of the median mail on the wire: its line ends have two octets."""
    mail = (folder / "one.eml").read_bytes()
    return len(mail) + mail.count(b"\n")


def _mails(folder: Path, count: int) -> None:
    from bench.delivering_mails import draw  # noqa: PLC0415  it would weigh in the memory of all

    draw(folder, count)


def _rows(folder: Path, count: int) -> None:
    from bench.delivering_rows import fill  # noqa: PLC0415  as above

    asyncio.run(fill(folder, count))


@dataclass(frozen=True, slots=True)
class _Starting:
    """Starts contenders that are stopped with the others of the stack."""

    stack: ExitStack
    folder: Path
    port: int

    def __call__(self, kind: str, count: int, *options: str) -> Contender:
        return self.stack.enter_context(contender(turns, kind, self.folder, self.port, count, *options))


@contextmanager
def _sink(*options: str) -> Iterator[int]:
    """A sink of ours; answers its port."""
    command = [sys.executable, "-m", "bench.sink", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        said = process.stdout.readline() if process.stdout else ""
        if not said:
            raise RuntimeError("the sink did not start")
        yield int(said)
    finally:
        process.kill()
        process.communicate()
