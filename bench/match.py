"""``python -m bench match``: which of up to a million wishes want a story, beside a plain loop over the readers."""

from collections.abc import Mapping
from contextlib import ExitStack
from statistics import median

from bench.contending import Contender, contender
from bench.crowd import Crowd, stories
from bench.matchers import index, loop
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


def _seconds(one: Contender) -> list[float]:
    """Seconds of each story: the median over the rounds."""
    return [median(of_one) for of_one in zip(*(turn["seconds"] for turn in one.turns), strict=True)]


def run(*, quick: bool) -> Report:
    """All contenders, round by round in turn, each in a process of its own; they are built one after the other."""
    report = Report("match")
    names, looped = (QUICK, QUICK_LOOPED) if quick else (tuple(SIZES), LOOPED)
    with ExitStack() as stack:
        told, crowd = stories(QUICK_STORIES if quick else STORIES), Crowd()
        indices = {n: stack.enter_context(contender(index, crowd, SIZES[n], told)) for n in names}
        loops = {n: stack.enter_context(contender(loop, crowd, SIZES[n], told)) for n in looped}
        for name, one in loops.items():
            _agree(name, indices[name], one)
        for _ in range(QUICK_ROUNDS if quick else ROUNDS):
            for one in (*indices.values(), *loops.values()):
                one.ask()
    _figures(report, indices, loops)
    report.goals |= GOALS
    wanted = (*GOALS, *(f"loop_over_index_{name}" for name in SIZES))
    report.not_measured += [name for name in wanted if name not in report.ratios]
    return report


def _agree(name: str, one: Contender, other: Contender) -> None:
    if any(one.made[fact] != other.made[fact] for fact in ("wanting", "sums")):
        raise DisagreementError(f"the index of {name} wishes and the loop find different readers")


def _figures(report: Report, indices: Mapping[str, Contender], loops: Mapping[str, Contender]) -> None:
    for name, one in indices.items():
        report.figures |= {
            f"match_{name}_median_milliseconds": 1_000 * median(_seconds(one)),
            f"match_{name}_slowest_milliseconds": 1_000 * max(_seconds(one)),
            f"build_{name}_seconds": one.made["build_seconds"],
            f"wanting_{name}_median_readers": median(one.made["wanting"]),
        }
        if SIZES[name] >= WEIGHED:
            report.figures[f"index_{name}_megabytes"] = one.made["megabytes"]
            report.figures[f"index_{name}_peak_megabytes"] = one.made["peak_megabytes"]
    for name, one in loops.items():
        report.figures[f"loop_{name}_median_milliseconds"] = 1_000 * median(_seconds(one))
        report.ratios[f"loop_over_index_{name}"] = _paired(one, indices[name])
    if "1m" in indices:
        million, fewer = indices["1m"], indices["100k"]
        times_as_many = SIZES["1m"] / SIZES["100k"]
        report.ratios |= {
            "match_1m_slowest_of_1_second": max(_seconds(million)) / PROMPT,
            "index_1m_of_600_megabytes": million.made["peak_megabytes"] / ROOM,
            "time_per_wish_1m_over_100k": _paired(million, fewer) / times_as_many,
            "memory_per_wish_1m_over_100k": million.made["megabytes"] / fewer.made["megabytes"] / times_as_many,
        }


def _paired(one: Contender, other: Contender) -> float:
    """How many times as long all stories took: the median over the rounds."""
    return median(sum(a["seconds"]) / sum(b["seconds"]) for a, b in zip(one.turns, other.turns, strict=True))
