"""How editors are known: keys that count, sessions that end, challenges that stand for one thing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.passkey import (
    IDLE,
    LONGEST,
    NOTED_EVERY,
    Act,
    Passkey,
    Session,
    challenge,
    same_name,
)
from tests.making import NOW

KEY = Passkey("ann", b"credential", b"public", b"handle", "phone", NOW)
SESSION = Session("ann", 1, NOW, NOW)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("before", "now", "right"),
    [(0, 0, True), (0, 1, True), (4, 5, True), (4, 4, False), (4, 3, False), (4, 0, False)],
)
def test_a_count_that_does_not_grow_comes_from_a_copy_of_the_key(before: int, now: int, right: bool) -> None:
    assert replace(KEY, sign_count=before).counts(now) is right


def test_a_session_ends_when_nobody_used_it_for_half_an_hour() -> None:
    assert SESSION.live(NOW + IDLE - SECOND)
    assert not SESSION.live(NOW + IDLE)


def test_a_session_ends_after_twelve_hours_however_much_it_is_used() -> None:
    used = replace(SESSION, seen_at=NOW + LONGEST - SECOND)
    assert used.live(NOW + LONGEST - SECOND)
    assert not used.live(NOW + LONGEST)


def test_that_a_session_is_in_use_is_written_once_a_minute() -> None:
    assert not SESSION.is_to_be_noted(NOW + NOTED_EVERY - SECOND)
    assert SESSION.is_to_be_noted(NOW + NOTED_EVERY)


WORDS = st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), max_size=3)
ASKED = st.tuples(st.text(max_size=4), st.sampled_from(Act), st.text(max_size=4), WORDS.map(sorted))


@given(ASKED, ASKED)
def test_what_is_signed_stands_for_one_act_on_one_thing_with_these_words(one, other) -> None:
    assert len(challenge(*one)) == 32
    assert (challenge(*one) == challenge(*other)) is (one == other)


def test_the_order_of_fields_and_half_letters_make_no_trouble() -> None:
    pairs = (("a", "1"), ("b", "\ud800"))
    assert challenge("n", Act.NOTE, "s1", pairs) == challenge("n", Act.NOTE, "s1", reversed(pairs))


@pytest.mark.parametrize("name", ["Ann Lee", " ann  LEE ", "ANN LEE"])
def test_capitals_and_spaces_of_a_name_do_not_count(name: str) -> None:
    assert same_name(name) == "ann lee"


def test_no_key_shows_what_is_secret_or_personal_in_it() -> None:
    assert "public" not in repr(KEY)
    assert "b'handle'" not in repr(KEY)
