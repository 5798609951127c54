"""Pages fetched for statements, the bytes kept of them, and the text that they bring."""

import hashlib
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.errand import AGAIN, ATTEMPTS, Errand, Purpose
from nkwatch.domain.identity import ARTICLE_WAIT
from nkwatch.domain.snapshot import Snapshot
from tests.making import NOW

ERRAND = Errand("s1", Purpose.ARTICLE, "https://a.example/1", "a", NOW)


def test_a_page_that_cannot_be_had_is_tried_again_later_and_later_and_then_given_up() -> None:
    second = ERRAND.again(NOW)
    assert second == Errand("s1", Purpose.ARTICLE, "https://a.example/1", "a", NOW + AGAIN, attempts=1)
    third = second.again(second.due_at)
    assert third is not None
    assert third.due_at == NOW + 3 * AGAIN
    assert third.again(third.due_at) is None


@given(st.lists(st.timedeltas(timedelta(0), timedelta(hours=3)), min_size=ATTEMPTS, max_size=ATTEMPTS))
def test_no_page_is_tried_more_often_than_that_or_before_its_time(delays: list[timedelta]) -> None:
    errand: Errand | None = ERRAND
    for delay in delays:
        assert errand is not None
        now = errand.due_at + delay
        errand = errand.again(now)
        assert errand is None or errand.due_at >= now + AGAIN
    assert errand is None


def test_a_statement_waits_for_all_the_attempts() -> None:
    tries = [ERRAND]
    while (following := tries[-1].again(tries[-1].due_at)) is not None:
        tries.append(following)
    assert tries[-1].due_at - NOW <= ARTICLE_WAIT


def test_bytes_are_named_by_their_hash() -> None:
    kept = Snapshot("https://a.example/1", NOW, (("content-type", "text/html"),), b"<p>Three people</p>")
    assert kept.sha256 == hashlib.sha256(b"<p>Three people</p>").hexdigest()
