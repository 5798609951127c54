"""The file of who left: whole after crashes, of several writers, and with nothing in it that tells who somebody is."""

import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.departure import Act, Departure
from nkwatch.keys import Keyring
from nkwatch.store.departed import DepartedFile, Kept
from tests.making import NOW
from tests.store.conftest import KEYRING

ADDRESS = "secret.reader@example.org"


def left(who: str) -> Departure:
    return Departure(Act.LEFT, NOW, who, tuple(KEYRING.lookups(f"{who}@example.org")), "one click")


def mark(number: int) -> Departure:
    return Departure(Act.MARK, NOW, mark=number)


@pytest.fixture
def file(tmp_path: Path) -> DepartedFile:
    return DepartedFile(tmp_path / "nkwatch.db.departed", KEYRING)


def test_what_is_added_is_read_again_in_its_order_with_the_highest_mark(file: DepartedFile):
    assert (file.read(), file.exists()) == (Kept(), False)
    file.append([left("ann"), mark(3)])
    file.append([left("ben")])
    assert file.read() == Kept((left("ann"), mark(3), left("ben")), 3, 0)
    assert file.mark == 3


def test_only_its_owner_may_read_it_and_no_address_is_in_it(file: DepartedFile):
    file.append([Departure(Act.LEFT, NOW, "abc", tuple(KEYRING.lookups(ADDRESS)), "w" * 500)])
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    text = file.path.read_text()
    assert "secret" not in text
    assert "example.org" not in text
    assert len(text) < 700


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=6), st.integers(0, 10_000), st.booleans())
def test_a_crash_in_the_middle_of_a_line_costs_that_line_and_no_other(whos: list[str], cut: int, known: bool):
    with tempfile.TemporaryDirectory() as folder:
        file = DepartedFile(Path(folder) / "departed", KEYRING)
        for who in whos:
            file.append([left(who)])
        octets = file.path.read_bytes()
        cut = min(cut, len(octets))
        file.path.write_bytes(octets[:cut])
        whole = octets[:cut].count(b"\n")
        writer = file if known else DepartedFile(file.path, KEYRING)
        assert writer.read().lines == tuple(map(left, whos[:whole]))
        writer.append([left("new")])
        assert writer.read() == Kept((*map(left, whos[:whole]), left("new")), 0, 0)


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["ann", "ben", 1, 2, 3])), max_size=12))
def test_several_processes_that_write_take_turns(written: list[tuple[int, str | int]]):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "departed"
        files = [DepartedFile(path, KEYRING) for _ in range(3)]
        wanted, highest = [], 0
        for writer, what in written:
            line = mark(what) if isinstance(what, int) else left(what)
            files[writer].append([line])
            if line.act is Act.LEFT or line.mark > highest:
                wanted.append(line)
                highest = max(highest, line.mark)
        assert DepartedFile(path, KEYRING).read() == Kept(tuple(wanted), highest, 0)


def test_threads_that_write_at_once_lose_nothing(file: DepartedFile):
    others = [file, DepartedFile(file.path, KEYRING)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: others[n % 2].append([left(f"r{n}")]), range(40)))
    kept = file.read()
    assert {line.who for line in kept.lines} == {f"r{n}" for n in range(40)}
    assert kept.damaged == 0


def test_lines_that_were_changed_or_taken_out_are_counted_and_the_others_hold(file: DepartedFile):
    file.append([left("ann"), left("ben"), left("cho"), left("dan")])
    ann, ben, _, dan = file.path.read_bytes().splitlines(keepends=True)
    file.path.write_bytes(ann + ben.replace(b"ben", b"bob", 1) + dan)
    assert file.read() == Kept((left("ann"), left("dan")), 0, 2)


def test_what_other_keys_have_signed_tells_nothing_and_an_older_key_still_counts(file: DepartedFile):
    file.append([left("ann")])
    assert DepartedFile(file.path, Keyring({1: b"x" * 32}, 1)).read() == Kept()
    newer = DepartedFile(file.path, Keyring({1: b"k" * 32, 2: b"n" * 32}, 2))
    newer.append([left("ben")])
    assert [line.who for line in newer.read().lines] == ["ann", "ben"]
    assert file.read().lines == (left("ann"),)


def test_a_file_that_is_taken_away_while_it_is_in_use_is_begun_anew(file: DepartedFile):
    file.append([left("ann"), mark(9)])
    file.path.unlink()
    file.append([left("ben"), mark(2)])
    assert file.read() == Kept((left("ben"), mark(2)), 2, 0)


def test_octets_that_are_no_lines_are_passed_over(file: DepartedFile):
    file.path.write_bytes(b"\xff\xfe\n\nno line at all\n{} 1.x\n")
    file.append([left("ann")])
    assert file.read() == Kept((left("ann"),), 0, 0)
