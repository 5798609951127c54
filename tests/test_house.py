"""The house itself: names, layers, and what ships."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src" / "nkwatch").rglob("*.py"))


def test_no_module_is_named_after_nothing():
    nothing = {"utils", "helpers", "common", "manager", "service", "misc", "base"}
    assert not [p for p in SOURCES if p.stem in nothing or p.parent.name in nothing]


def test_nothing_is_called_a_manager_service_or_handler():
    named = re.compile(r"^class \w*(Manager|Service|Handler|Helper|Util)\b", re.MULTILINE)
    assert not [p for p in SOURCES if named.search(p.read_text("utf-8"))]


def test_nothing_is_left_open_in_the_code():
    left = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert not [p for p in SOURCES if left.search(p.read_text("utf-8"))]


def test_the_floors_import_only_what_lies_below():
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout


def test_the_drawing_names_every_floor():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    floors = {name for layer in contracts[0]["layers"] for name in re.split(r"\W+", layer) if name}
    drawing = (ROOT / "docs" / "architecture.md").read_text("utf-8").split("```")[1]
    assert not {f for f in floors if not re.search(rf"\b{f}\b", drawing)}
    inside = {p.name.removesuffix(".py") for p in (ROOT / "src" / "nkwatch").iterdir()}
    packages = {n for n in inside if n not in {"__init__", "py.typed", "templates", "__pycache__"}}
    assert packages == floors


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "LICENSE", "config.example.toml", ".ci/run"])
def test_what_a_newcomer_looks_for_is_there(name):
    assert (ROOT / name).stat().st_size > 100


def test_the_test_command_of_the_readme_is_what_ci_runs():
    commands = re.findall(r"^(python3 -m venv .*)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert len(commands) >= 2
    assert commands[1] in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
