"""What a clock that was wrong may not leave behind, and when overdue work is told."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.errand import AGAIN, ATTEMPTS
from nkwatch.domain.outcome import Failed, Fetched, Found, Unchanged
from nkwatch.domain.rates import FURTHEST
from nkwatch.domain.retry import LONGEST_RETRY
from nkwatch.domain.source import Pace
from nkwatch.domain.statement import ARTICLE_WAIT, LONGEST_EMBARGO
from nkwatch.domain.survey import PATIENCE, Backlog, Overdue, Wanting
from nkwatch.domain.timeline import SLACK, ahead, squeezed
from nkwatch.domain.webhook import Call, Event, Line
from tests.making import NOW, delivery, errand, state, statement

DAY, HOUR, MINUTE, SECOND = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))
NOWHERE = NOW - DAY
instants = st.integers(-3_000_000_000, 90_000_000_000).map(lambda n: NOW + timedelta(microseconds=n))


# The timeline


def test_clocks_may_differ_a_little_and_nothing_is_called_wrong() -> None:
    assert not ahead(None, NOW)
    assert not ahead(NOW + SLACK, NOW)
    assert ahead(NOW + SLACK + SECOND, NOW)


@given(st.lists(instants, max_size=20))
def test_what_lies_ahead_comes_right_behind_the_present_in_its_order(told: list[datetime]) -> None:
    moved = squeezed(told, NOW)
    assert moved.keys() == {i for i in told if i > NOW}
    places = [moved.get(i, i) for i in sorted(set(told))]
    assert places == sorted(set(places))
    assert all(NOW < i <= NOW + SECOND for i in moved.values())


@given(st.lists(instants, min_size=3, max_size=3))
def test_a_story_stays_on_its_side_of_every_window(told: list[datetime]) -> None:
    ready, *window = told
    moved = squeezed(told, NOW)
    start, end = sorted(window)
    after = moved.get(ready, ready)
    assert (start <= ready < end) == (moved.get(start, start) <= after < moved.get(end, end))


# Polls


def test_a_poll_that_a_wrong_clock_wrote_does_not_stop_a_source() -> None:
    ran = state().after(Unchanged(), NOW + DAY)
    back = ran.sane(NOW, Pace(), NOWHERE)
    assert back.due_at == back.last_ok_at == NOW
    assert back.sane(NOW, Pace(), NOWHERE) == back


def test_a_source_that_is_due_already_stays_first_in_line() -> None:
    assert state(due_at=NOW - HOUR, last_ok_at=NOW + DAY).sane(NOW, Pace(), NOWHERE).due_at == NOW - HOUR


def test_a_failure_under_a_wrong_clock_does_not_stop_a_source() -> None:
    failed = state(last_ok_at=NOW).after(Failed("no answer"), NOW + DAY)
    assert failed.due_at > NOW + DAY
    assert failed.sane(NOW, Pace(), NOWHERE).due_at == NOW


@given(st.integers(0, 20), st.integers(0, 8 * 24), st.sampled_from([0, 6, 24, 24 * 7]))
def test_no_due_time_that_a_rule_gave_is_changed(failures: int, asked_for: int, fixed: int) -> None:
    pace = Pace(fixed * HOUR)
    failed = Failed("no answer", retry_after=asked_for * HOUR)
    polled = state(last_ok_at=NOW, failures=failures).after(failed, NOW)
    rests_until = NOW + min(failed.retry_after, 7 * DAY)
    assert polled.sane(NOW, pace, rests_until) == polled
    shown = state().after(Fetched((), max_age=asked_for * HOUR), NOW, Found(), pace)
    assert shown.sane(NOW, pace, NOWHERE) == shown
    resting = state().resting(rests_until, NOW)
    assert resting.sane(NOW, pace, rests_until) == resting


# Pages, mails, statements, calls


def test_a_page_is_due_no_later_than_its_last_attempt_or_its_host_may_be_asked() -> None:
    last = NOW + AGAIN * ATTEMPTS + SLACK
    assert not errand(due_at=last).overlong(NOW, NOWHERE)
    assert errand(due_at=last + SECOND).overlong(NOW, NOWHERE)
    assert not errand(due_at=NOW + 3 * DAY).overlong(NOW, NOW + 3 * DAY)


def test_a_mail_waits_no_longer_than_for_its_relay_or_a_limit_of_rate() -> None:
    longest = NOW + max(LONGEST_RETRY, FURTHEST) + SLACK
    tried = {"attempts": 1, "state": DeliveryState.DEFERRED}
    assert not delivery(due_at=longest, **tried).overlong(NOW, NOW)
    assert delivery(due_at=longest + SECOND, **tried).overlong(NOW, NOW)
    assert not delivery(due_at=None).overlong(NOW, NOW)


def test_a_mail_that_was_put_off_on_purpose_waits_for_its_date() -> None:
    later = NOW + 5 * DAY
    assert not delivery(due_at=later, date=later).overlong(NOW, NOW)
    assert delivery(due_at=later, date=later, attempts=1).overlong(NOW, NOW)


def test_what_was_written_by_a_clock_that_was_ahead_is_due() -> None:
    assert delivery(due_at=NOW + HOUR, date=NOW + HOUR).overlong(NOW + HOUR, NOW)
    assert not delivery(due_at=NOW, date=NOW + HOUR).overlong(NOW + HOUR, NOW)


def test_a_statement_waits_for_its_page_or_the_end_of_its_embargo() -> None:
    assert not statement().overlong(NOW)
    assert not statement(read_from=NOW + ARTICLE_WAIT + SLACK).overlong(NOW)
    assert statement(read_from=NOW + DAY).overlong(NOW)
    embargo = NOW + LONGEST_EMBARGO
    assert not statement(read_from=embargo, embargo=embargo).overlong(NOW)


def test_no_call_and_no_receiver_waits_longer_than_one_may_ask_for() -> None:
    call = Call("newsdesk", "story s1", Event.STORY_NEW, "s1", NOW, NOW)
    assert not call.put_off(NOW + 11 * HOUR).overlong(NOW)
    assert call.put_off(NOW + 12 * HOUR).overlong(NOW)
    line = Line("newsdesk", NOW + HOUR, NOW + 10 * HOUR, failures=3)
    assert line.sane(NOW) == line
    assert line.sane(NOW - DAY) == Line("newsdesk", failures=3)


# Overdue work


def overdue(count: int = 3, oldest: datetime = NOW - HOUR) -> Overdue:
    return Overdue(Wanting.UNREAD, count, oldest)


def test_overdue_work_is_told_once_when_it_does_not_become_less() -> None:
    backlog = Backlog(overdue(), NOW)
    assert not backlog.stuck(NOW + PATIENCE - SECOND)
    later = backlog.after(overdue(4), NOW + PATIENCE)
    assert later.stuck(NOW + PATIENCE)
    told = later.informed().after(overdue(5), NOW + HOUR)
    assert not told.stuck(NOW + DAY)


@pytest.mark.parametrize("seen", [overdue(2), overdue(3, NOW - MINUTE)])
def test_work_that_is_being_done_is_given_more_time(seen: Overdue) -> None:
    later = Backlog(overdue(), NOW).after(seen, NOW + PATIENCE)
    assert not later.stuck(NOW + PATIENCE)
    assert later.stuck(NOW + 2 * PATIENCE)


def test_a_clock_that_was_set_back_does_not_hush_a_backlog_for_a_day() -> None:
    backlog = Backlog(overdue(), NOW + DAY).after(overdue(), NOW)
    assert backlog.stuck(NOW + PATIENCE)


@pytest.mark.parametrize("wanting", Wanting)
def test_each_kind_of_work_has_a_part_and_something_to_do(wanting: Wanting) -> None:
    assert wanting.part in {"collect", "read", "publish", "deliver"}
    assert wanting.part in wanting.what
    assert timedelta(0) < wanting.patience <= HOUR
