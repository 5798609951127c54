"""Mails that we wrote after public formats: how many of them are read as what they are.

The folder is what a mail tells, `labels.toml` says of whom. These are the figures that must hold; they say nothing of
mails that nobody here has seen.
"""

import tomllib
from pathlib import Path

import pytest

from nkwatch.domain.bounce import Bounce, BounceKind
from nkwatch.mail.bounces.reading import read_bounce

FOLDER = Path(__file__).parent / "bounces"
LABELS = tomllib.loads((FOLDER / "labels.toml").read_text("utf-8"))
RETURNED = {BounceKind.HARD, BounceKind.SOFT, BounceKind.COMPLAINT}


@pytest.fixture(scope="module")
def read() -> dict[str, Bounce]:
    return {name: read_bounce((FOLDER / f"{name}.eml").read_bytes()) for name in LABELS}


def kind(name: str) -> BounceKind:
    return BounceKind(name.partition("/")[0])


def test_every_mail_has_a_label():
    assert {str(p.relative_to(FOLDER).with_suffix("")) for p in FOLDER.rglob("*.eml")} == LABELS.keys()


def test_hardly_a_mail_that_came_back_is_overlooked(read):
    returned = [name for name in LABELS if kind(name) in RETURNED]
    assert sum(read[name].kind in RETURNED for name in returned) >= 0.97 * len(returned)


def test_hardly_a_dead_mailbox_is_overlooked(read):
    dead = [name for name in LABELS if kind(name) is BounceKind.HARD]
    assert sum(read[name].kind is BounceKind.HARD for name in dead) >= 0.95 * len(dead)


def test_what_is_called_dead_is_dead(read):
    called = [name for name in LABELS if read[name].kind is BounceKind.HARD]
    assert sum(kind(name) is BounceKind.HARD for name in called) >= 0.95 * len(called)


def test_no_ordinary_mail_is_taken_for_one_that_came_back(read):
    assert not [n for n in LABELS if kind(n) not in RETURNED and read[n].kind in RETURNED]


def test_warnings_of_a_delay_are_told_from_the_end(read):
    assert {name for name in LABELS if not read[name].final} == {n for n in LABELS if not LABELS[n].get("final", True)}


def test_recipients_are_those_of_the_labels(read):
    named = [name for name, label in LABELS.items() if label["recipients"]]
    assert sum(set(LABELS[n]["recipients"]) == set(read[n].recipients) for n in named) >= 0.97 * len(named)
