"""What a benchmark reports is a contract: other programs read it."""

import json
import subprocess
import sys
from pathlib import Path

from bench.report import Report
from bench.samples import SIZES, feeds

ROOT = Path(__file__).parent.parent


def test_a_report_names_the_ratios_that_miss_their_goals_and_what_was_not_measured():
    report = Report("poll", {"polled_per_second": 1234.56}, {"fast": 0.5, "small": 1.2, "free": 9.0})
    report.goals |= {"fast": {"min": 0.35}, "small": {"max": 1.05}, "absent": {"min": 2.0}}
    report.not_measured.append("absent")
    assert report.record() == {
        "bench": "poll",
        "figures": {"polled_per_second": 1235.0},
        "ratios": {"fast": 0.5, "small": 1.2, "free": 9.0},
        "goals": {"fast": {"min": 0.35}, "small": {"max": 1.05}, "absent": {"min": 2.0}},
        "missed": ["small"],
        "not_measured": ["absent"],
    }
    assert json.loads(json.dumps(report.record())) == report.record()
    assert "missed" in report.table()
    assert "not measured" in report.table()


def test_the_feeds_are_of_the_sizes_that_were_measured_and_always_the_same():
    made = list(feeds(len(SIZES)))
    assert made == list(feeds(len(SIZES)))
    assert all(abs(len(body) - size) < 8_000 for body, size in zip(made, SIZES, strict=True))


def test_a_benchmark_that_does_not_exist_is_wrong_usage():
    done = subprocess.run([sys.executable, "-m", "bench", "nosuch"], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"poll" in done.stderr
