"""What a choice would have been sent in the last 30 days."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.desk import Marks
from nkwatch.domain.story import AlertState, Story
from nkwatch.domain.subscriber import Rhythm, Schedule
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.editing.forecast import SPAN, Forecast, Verdict, forecast
from nkwatch.editing.matching import Offer, Reason
from tests.making import NOW, at, choice, report, story

DAILY, WEEKLY, NEVER = Schedule(Rhythm.DAILY), Schedule(Rhythm.WEEKLY), Schedule(Rhythm.NONE)


def ready(name: str, days: float, **fields: object) -> Story:
    """A story that became ready so many days ago, of a report published then."""
    then = NOW - timedelta(days=days)
    alert = fields.pop("alert", AlertState.NONE)
    return story(report(name, **({"published": then} | fields)), ready_at=then, alert=alert)


def names(of: Forecast) -> list[str]:
    """The ids of the stories that would have been sent."""
    return [p.story.id for p in of.picks]


def test_stories_come_newest_first_with_the_reasons_why() -> None:
    made = forecast(choice(), [ready("old", 20), ready("new", 1), ready("mid", 9)], NOW)
    assert names(made) == ["new", "mid", "old"]
    assert {p.reasons for p in made.picks} == {(Reason("any"),)}


def test_only_the_last_30_days_count() -> None:
    assert names(
        forecast(choice(), [ready("in", SPAN.days), ready("out", SPAN.days + 0.1), ready("ahead", -1)], NOW)
    ) == ["in"]


@pytest.mark.parametrize(
    ("schedule", "digests"), [(DAILY, 4), (WEEKLY, 3), (Schedule(Rhythm.MONTHLY), 2), (Schedule(Rhythm.MONTHLY, 7), 2)]
)
def test_stories_fall_into_the_digests_of_the_rhythm(schedule: Schedule, digests: int) -> None:
    # 22, 21, 13 and 12 November; the month closes on the first
    several = [ready(f"s{days}", days) for days in (0.5, 1.5, 9.5, 29.5)]
    assert forecast(choice(schedule=schedule), several, NOW).digests == digests


def test_a_story_that_is_ready_at_the_closing_instant_is_in_the_next_digest() -> None:
    closing = at("2026-11-20T07:00")
    pair = [story(report("s1"), ready_at=closing), story(report("s2"), ready_at=closing - timedelta(seconds=1))]
    assert forecast(choice(schedule=DAILY), pair, NOW).digests == 2


def test_who_has_no_digests_would_have_been_sent_alerts_only() -> None:
    several = [ready("routine", 1), ready("sent", 2, alert=AlertState.SENT), ready("held", 3, alert=AlertState.HELD)]
    made = forecast(choice(schedule=NEVER), several, NOW)
    assert (names(made), made.alerts, made.digests) == (["sent"], 1, 0)
    assert forecast(choice(schedule=NEVER, alerts=False), several, NOW).verdict is Verdict.NOTHING


def test_what_went_out_as_an_alert_makes_no_digest_for_who_wants_alerts() -> None:
    several = [ready("sent", 2, alert=AlertState.SENT), ready("going", 9, alert=AlertState.RELEASED), ready("other", 1)]
    made = forecast(choice(), several, NOW)
    assert (names(made), made.alerts, made.digests) == (["other", "sent", "going"], 2, 1)
    without = forecast(choice(alerts=False), several, NOW)
    assert (names(without), without.alerts, without.digests) == (["other", "sent", "going"], 0, 2)


@pytest.mark.parametrize(
    ("marks", "digests", "alerts"),
    [
        (Marks(held=True), [], []),
        (Marks(withdrawn=True), [], []),
        (Marks(dropped=True), [], ["alert"]),
        (Marks(pinned=True), ["told"], ["alert"]),
    ],
)
def test_what_editors_do_not_let_through_does_not_count(marks: Marks, digests: list[str], alerts: list[str]) -> None:
    several = [ready("alert", 2, alert=AlertState.SENT), ready("told", 1)]
    made = forecast(choice(), [replace(s, marks=marks) for s in several], NOW)
    assert names(made) == digests + alerts
    assert (made.digests, made.alerts) == (len(digests), len(alerts))


def test_what_was_no_news_when_it_became_ready_is_in_no_digest() -> None:
    old = {"published": NOW - timedelta(days=99)}
    made = forecast(choice(), [ready("old", 2, **old), ready("sent", 2, alert=AlertState.SENT, **old)], NOW)
    assert (names(made), made.digests) == (["sent"], 0)


def test_stories_that_are_muted_are_counted_and_others_not() -> None:
    muting = choice(wishes=(Wish(frozenset({"prisons"})),), mutes=Mutes(follows=Follows(frozenset({"Hoeryong"}))))
    several = [ready("muted", 1), ready("heard", 2, title="A trial"), ready("never wished", 3, themes=())]
    made = forecast(muting, several, NOW)
    assert (names(made), made.muted) == (["heard"], 1)


def test_what_may_not_be_shown_yet_is_no_part_of_it() -> None:
    assert forecast(choice(), [ready("s1", 1, embargo=NOW + timedelta(days=1))], NOW) == Forecast()


def test_prepared_stories_give_the_same_forecast() -> None:
    several = [ready("s1", 1), ready("s2", 2, title="A trial")]
    following = choice(wishes=(Wish(follows=Follows(frozenset({"trial"}))),))
    assert forecast(following, map(Offer.of, several), NOW) == forecast(following, several, NOW)
    assert names(forecast(following, several, NOW)) == ["s2"]


@pytest.mark.parametrize(
    ("count", "alerts", "schedule", "verdict"),
    [
        (0, 0, WEEKLY, Verdict.NOTHING),
        (1, 0, WEEKLY, Verdict.FINE),
        (20, 0, WEEKLY, Verdict.FINE),
        (21, 0, WEEKLY, Verdict.FLOOD),
        (30, 30, NEVER, Verdict.FINE),
        (31, 31, NEVER, Verdict.FLOOD),
        # what went out as alerts does not crowd the digest
        (30, 10, WEEKLY, Verdict.FINE),
        (30, 9, WEEKLY, Verdict.FLOOD),
    ],
)
def test_more_than_20_stories_in_a_digest_or_one_alert_a_day_are_a_flood(
    count: int, alerts: int, schedule: Schedule, verdict: Verdict
) -> None:
    several = [ready(f"s{n}", 1, alert=AlertState.SENT if n < alerts else AlertState.NONE) for n in range(count)]
    assert forecast(choice(schedule=schedule), several, NOW).verdict is verdict
