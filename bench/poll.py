"""``python -m bench poll``: how fast sources are polled, beside bare aiohttp, `reader` and feedparser."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.report import Report
from bench.samples import feeds

ROUNDS = 5
#: Memory is looked at over so many rounds.
MEMORY_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many sources answer 304, and how many have changed."""

    unchanged: int = 5_000
    changed: int = 1_000
    rounds: int = ROUNDS


GOALS = {
    "unchanged_of_bare_aiohttp": {"min": 0.35},
    "unchanged_over_reader": {"min": 20.0},
    "changed_over_feedparser": {"min": 2.0},
    "memory_last_over_second_round": {"max": 1.05},
}
QUICK = Sizes(unchanged=500, changed=60)


def run(*, quick: bool) -> Report:
    """All contenders, round by round in turn; medians of their rates."""
    sizes = QUICK if quick else Sizes()
    report = Report("poll")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        small, real = Path(folder) / "small", Path(folder) / "real"
        _write(small, 1), _write(real, 50)
        unchanged, changed = stack.enter_context(_server(small)), stack.enter_context(_server(real))
        _unchanged(report, sizes, unchanged)
        _changed(report, sizes, changed)
    report.goals |= GOALS
    report.not_measured += [name for name in GOALS if name not in report.ratios]
    return report


def _unchanged(report: Report, sizes: Sizes, port: int) -> None:
    """All 304, politeness on: every source is a host of its own."""
    names = ["nkwatch", "bare"]
    if importlib.util.find_spec("reader"):
        names.append("reader")
    answers = _race(names, port, sizes.unchanged, "feed", sizes.rounds)
    rates = {name: _rate(said) for name, said in answers.items()}
    for name, rate in rates.items():
        report.figures[f"unchanged_{name}_sources_per_second"] = rate
    report.ratios["unchanged_of_bare_aiohttp"] = _paired(answers, "nkwatch", "bare")
    if "reader" in rates:
        report.ratios["unchanged_over_reader"] = _paired(answers, "nkwatch", "reader")


def _changed(report: Report, sizes: Sizes, port: int) -> None:
    """Feeds of real size with something new in each, fetched, parsed, sifted and written."""
    answers = _race(["nkwatch", "feedparser"], port, sizes.changed, "changed", sizes.rounds)
    for name, said in answers.items():
        report.figures[f"changed_{name}_feeds_per_second"] = _rate(said)
    report.ratios["changed_over_feedparser"] = _paired(answers, "nkwatch", "feedparser")
    if sizes is QUICK:  # little memory says nothing about much
        return
    memory = _race(["nkwatch"], port, min(sizes.changed, 200), "changed", MEMORY_ROUNDS)["nkwatch"]
    resident = [said["resident"] / 1e6 for said in memory]
    report.figures |= {"memory_second_round_megabytes": resident[1], "memory_last_round_megabytes": resident[-1]}
    report.ratios["memory_last_over_second_round"] = resident[-1] / resident[1]


def _race(names: list[str], port: int, count: int, path: str, rounds: int) -> Mapping[str, list[dict[str, Any]]]:
    """What each contender answered to each round; a first round, in which everything is new, is not counted."""
    answers: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with ExitStack() as stack:
        running = {name: stack.enter_context(_contender(name, port, count, path)) for name in names}
        for number in range(rounds + 1):
            for name, process in running.items():
                said = _ask(process)
                if number:
                    answers[name].append(said)
    return answers


def _rate(said: list[dict[str, Any]]) -> float:
    return median(one["polled"] / one["seconds"] for one in said)


def _paired(answers: Mapping[str, list[dict[str, Any]]], name: str, peer: str) -> float:
    """The median of the ratios of rounds that ran one after the other."""
    pairs = zip(answers[name], answers[peer], strict=True)
    return median((a["polled"] / a["seconds"]) / (b["polled"] / b["seconds"]) for a, b in pairs)


def _write(folder: Path, count: int) -> None:
    folder.mkdir()
    for number, body in enumerate(feeds(count)):
        (folder / f"{number:05}.xml").write_bytes(body)


@contextmanager
def _server(folder: Path) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-m", "bench.server", str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        yield int(_line(process))
    finally:
        process.kill()
        process.wait()


@contextmanager
def _contender(name: str, port: int, count: int, path: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "bench.contenders", name, str(port), str(count), path]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ask(process: "subprocess.Popen[str]") -> dict[str, Any]:
    if process.stdin is None:
        raise RuntimeError("the contender has no standard input")
    process.stdin.write("round\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(_line(process))
    return answer


def _line(process: "subprocess.Popen[str]") -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError(f"{process.args!r} ended")
    return line
