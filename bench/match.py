"""``python -m bench match``: which of up to a million wishes want a story, beside a plain loop over the readers."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench.report import Report
from bench.rounds import QUICK_ROUNDS, ROUNDS

SIZES = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
#: A million readers as objects take more memory than everything else here, and the loop five to ten seconds a story.
LOOPED, QUICK_LOOPED = ("10k", "100k"), ("10k",)
QUICK = ("10k",)
#: A smaller index may fit into memory that was used and given back before.
WEIGHED = 100_000
STORIES, QUICK_STORIES = 8, 1
#: Seconds and megabytes that a million wishes may take.
PROMPT, ROOM = 1.0, 600.0
GOALS = {
    "match_1m_slowest_of_1_second": {"max": 1.0},
    "index_1m_of_600_megabytes": {"max": 1.0},
    "time_per_wish_1m_over_100k": {"max": 1.0},
    "memory_per_wish_1m_over_100k": {"max": 1.0},
}


class DisagreementError(Exception):
    """The contenders do not find the same readers: there is nothing to compare."""


@dataclass(slots=True)
class Contender:
    """A process that matches the same stories in each round."""

    process: "subprocess.Popen[str]"
    made: Mapping[str, Any] = field(default_factory=dict)
    #: seconds of each story, one list for each round
    rounds: list[list[float]] = field(default_factory=list)

    def ask(self) -> None:
        """One round more."""
        if self.process.stdin is None:
            raise RuntimeError("the contender has no standard input")
        self.process.stdin.write("round\n")
        self.process.stdin.flush()
        self.rounds.append(self.answer()["seconds"])

    def answer(self) -> dict[str, Any]:
        """The next line."""
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise RuntimeError(f"{self.process.args!r} ended")
        told: dict[str, Any] = json.loads(line)
        return told

    @property
    def each(self) -> list[float]:
        """Seconds of each story: the median over the rounds."""
        return [median(of_one) for of_one in zip(*self.rounds, strict=True)]


def run(*, quick: bool) -> Report:
    """All contenders, round by round in turn, each in a process of its own; they are built one after the other."""
    report = Report("match")
    names, looped = (QUICK, QUICK_LOOPED) if quick else (tuple(SIZES), LOOPED)
    with ExitStack() as stack:
        count = QUICK_STORIES if quick else STORIES
        indices = {n: stack.enter_context(_contender("index", SIZES[n], count)) for n in names}
        loops = {n: stack.enter_context(_contender("loop", SIZES[n], count)) for n in looped}
        for name, loop in loops.items():
            _agree(name, indices[name], loop)
        for _ in range(QUICK_ROUNDS if quick else ROUNDS):
            for contender in (*indices.values(), *loops.values()):
                contender.ask()
    _figures(report, indices, loops)
    report.goals |= GOALS
    wanted = (*GOALS, *(f"loop_over_index_{name}" for name in SIZES))
    report.not_measured += [name for name in wanted if name not in report.ratios]
    return report


def _agree(name: str, index: Contender, loop: Contender) -> None:
    if any(index.made[fact] != loop.made[fact] for fact in ("wanting", "sums")):
        raise DisagreementError(f"the index of {name} wishes and the loop find different readers")


def _figures(report: Report, indices: Mapping[str, Contender], loops: Mapping[str, Contender]) -> None:
    for name, index in indices.items():
        report.figures |= {
            f"match_{name}_median_milliseconds": 1_000 * median(index.each),
            f"match_{name}_slowest_milliseconds": 1_000 * max(index.each),
            f"build_{name}_seconds": index.made["build_seconds"],
            f"wanting_{name}_median_readers": median(index.made["wanting"]),
        }
        if SIZES[name] >= WEIGHED:
            report.figures[f"index_{name}_megabytes"] = index.made["megabytes"]
            report.figures[f"index_{name}_peak_megabytes"] = index.made["peak_megabytes"]
    for name, loop in loops.items():
        report.figures[f"loop_{name}_median_milliseconds"] = 1_000 * median(loop.each)
        report.ratios[f"loop_over_index_{name}"] = _paired(loop, indices[name])
    if "1m" in indices:
        million, fewer = indices["1m"], indices["100k"]
        times_as_many = SIZES["1m"] / SIZES["100k"]
        report.ratios |= {
            "match_1m_slowest_of_1_second": max(million.each) / PROMPT,
            "index_1m_of_600_megabytes": million.made["peak_megabytes"] / ROOM,
            "time_per_wish_1m_over_100k": _paired(million, fewer) / times_as_many,
            "memory_per_wish_1m_over_100k": million.made["megabytes"] / fewer.made["megabytes"] / times_as_many,
        }


def _paired(one: Contender, other: Contender) -> float:
    """How many times as long all stories took: the median over the rounds."""
    return median(sum(a) / sum(b) for a, b in zip(one.rounds, other.rounds, strict=True))


@contextmanager
def _contender(kind: str, wishes: int, stories: int) -> Iterator[Contender]:
    command: Sequence[str] = [sys.executable, "-m", "bench.matchers", kind, str(wishes), str(stories)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    contender = Contender(process)
    try:
        contender.made = contender.answer()
        yield contender
    finally:
        process.kill()
        process.wait()
