"""``python -m bench compose``: the digests of one week for up to a million readers, beside a rendering for each."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from operator import add
from pathlib import Path
from statistics import median

from bench import composing_contenders
from bench.composing_readers import draw
from bench.contending import Contender, alone, contender
from bench.report import Report
from bench.rounds import ROUNDS

SIZES = {"500": 500, "1k": 1_000, "10k": 10_000, "100k": 100_000, "1m": 1_000_000}
SPREADS = ("usual", "different")
#: Which sizes are composed for, and whose windows are closed: rows for a million different digests take an hour.
COMPOSED, QUICK_COMPOSED = ("10k", "100k", "1m"), ("1k",)
CLOSED = {"usual": ("10k", "100k", "1m"), "different": ("10k", "100k")}
QUICK_CLOSED = {"usual": ("500",), "different": ("500",)}
#: Mails that the peer renders in one turn.
SAMPLE, QUICK_SAMPLE = 300, 20
#: Of the quick one: all readers are read at once.
QUICK_STORIES, QUICK_TURNS = 12, 1
#: Megabytes that a million readers may take.
ROOM = 300.0
GOALS: dict[str, Mapping[str, float]] = {
    **{f"jinja2_over_composing_{spread}_1m": {"min": 30.0} for spread in SPREADS},
    **{f"time_per_subscriber_{spread}_1m_over_100k": {"max": 1.2} for spread in SPREADS},
    **{f"composing_{spread}_1m_of_300_megabytes": {"max": 1.0} for spread in SPREADS},
    "closing_time_per_subscriber_usual_1m_over_100k": {"max": 1.2},
    "closing_usual_1m_of_300_megabytes": {"max": 1.0},
}


def run(*, quick: bool) -> Report:
    """Compose for all sizes and render, turn by turn; then close windows, one database after the other."""
    report = Report("compose")
    composed, closed = (QUICK_COMPOSED, QUICK_CLOSED) if quick else (COMPOSED, CLOSED)
    with tempfile.TemporaryDirectory() as folder:
        most, fewer = SIZES[composed[-1]], [QUICK_STORIES] if quick else []
        alone(draw, Path(folder), dict.fromkeys(SPREADS, most), *fewer)
        for spread in SPREADS:
            _race(report, folder, spread, composed, *((QUICK_SAMPLE, QUICK_TURNS) if quick else (SAMPLE, ROUNDS)))
            for size in closed[spread]:
                _close(report, folder, spread, size)
    _growth(report)
    report.goals |= GOALS
    report.not_measured += [name for name in GOALS if name not in report.ratios]
    return report


def _race(report: Report, folder: str, spread: str, sizes: Sequence[str], sample: int, rounds: int) -> None:
    with ExitStack() as stack:
        # the most readers are spread over the turns, fewer are composed for anew in each
        ours = {
            size: stack.enter_context(
                contender(
                    composing_contenders.composing,
                    *(Path(folder), spread, SIZES[size], rounds if size == sizes[-1] else 1),
                )
            )
            for size in sizes
        }
        peer = stack.enter_context(contender(composing_contenders.peer_turns, Path(folder), spread, sample))
        for _ in range(rounds):
            for one in (*ours.values(), peer):
                one.ask()
    for size, one in ours.items():
        if one.all("readers") >= SIZES[size]:
            _composed(report, f"{spread}_{size}", one, peer)
    report.figures |= {
        f"jinja2_{spread}_microseconds_per_mail": 1e6 * median(t["render"] for t in peer.turns),
        f"encode_{spread}_microseconds_per_mail": 1e6 * median(t["encode"] for t in peer.turns),
        f"assemble_{spread}_microseconds_per_mail": 1e6 * median(t["assemble"] for t in peer.turns),
        f"mail_{spread}_median_octets": median(t["octets"] for t in peer.turns),
    }


def _composed(report: Report, name: str, ours: Contender, peer: Contender) -> None:
    """Figures of one size. Where readers are spread over the turns, all turns together are one."""
    whole = ours.turns[-1]["readers"] < SIZES[name.rpartition("_")[2]]
    planning, both = ours.each("plan"), ours.each("plan", "compose")
    alone = ours.each("compose", per="mails")
    last = ours.turns[-1]
    report.figures |= {
        f"compose_{name}_seconds": ours.all("plan") + ours.all("compose")
        if whole
        else median(both) * last["readers"] / 1e6,
        f"compose_{name}_microseconds_per_subscriber": sum(both) / len(both) if whole else median(both),
        f"plan_{name}_microseconds_per_subscriber": sum(planning) / len(planning) if whole else median(planning),
        f"compose_{name}_microseconds_per_mail_planned": sum(alone) / len(alone) if whole else median(alone),
        f"compose_{name}_renderings": last["renders"],
        f"compose_{name}_peak_megabytes": last["peak_megabytes"],
    }
    planned = ours.each("plan", "compose", per="mails")
    rendered, encoded, assembled = ([1e6 * t[what] for t in peer.turns] for what in ("render", "encode", "assemble"))
    beside = {
        f"jinja2_over_composing_{name}": zip(rendered, alone, strict=True),
        f"jinja2_over_planning_and_composing_{name}": zip(rendered, planned, strict=True),
        f"jinja2_to_octets_over_nkwatch_{name}": zip(
            map(add, rendered, encoded), map(add, alone, assembled), strict=True
        ),
    }
    report.ratios |= {ratio: median(a / b for a, b in pairs) for ratio, pairs in beside.items()}


def _close(report: Report, folder: str, spread: str, size: str) -> None:
    """One database: its readers are written, then their windows close."""
    count, database = SIZES[size], Path(folder) / "nkwatch.db"
    alone(composing_contenders.fill, Path(folder), spread, count)
    told = alone(composing_contenders.close, Path(folder), spread)
    for left in database.parent.glob("nkwatch.db*"):
        left.unlink()
    name = f"{spread}_{size}"
    report.figures |= {
        f"close_{name}_seconds": told["seconds"],
        f"close_{name}_microseconds_per_subscriber": 1e6 * told["processor"] / count,
        f"close_{name}_peak_megabytes": told["peak_megabytes"],
        f"close_{name}_stored_bytes_per_subscriber": told["new_octets"] / count,
        f"close_{name}_distinct_blocks": told["new_blocks"],
        f"close_{name}_distinct_digests": told["new_digests"],
        f"close_{name}_mails": told["mails"],
    }


def _growth(report: Report) -> None:
    """What a million readers cost, each, beside a hundred thousand; and the memory that they take."""
    found = report.figures
    for spread in SPREADS:
        per = "compose_{}_microseconds_per_subscriber"
        _ratio(
            report,
            f"time_per_subscriber_{spread}_1m_over_100k",
            per.format(f"{spread}_1m"),
            per.format(f"{spread}_100k"),
        )
        if f"compose_{spread}_1m_peak_megabytes" in found:
            peak = found[f"compose_{spread}_1m_peak_megabytes"]
            report.ratios[f"composing_{spread}_1m_of_300_megabytes"] = peak / ROOM
    per = "close_usual_{}_microseconds_per_subscriber"
    _ratio(report, "closing_time_per_subscriber_usual_1m_over_100k", per.format("1m"), per.format("100k"))
    if "close_usual_1m_peak_megabytes" in found:
        report.ratios["closing_usual_1m_of_300_megabytes"] = found["close_usual_1m_peak_megabytes"] / ROOM


def _ratio(report: Report, name: str, one: str, other: str) -> None:
    if {one, other} <= report.figures.keys():
        report.ratios[name] = report.figures[one] / report.figures[other]
