"""What a webhook is told, when it is told again, and what its calls are signed with."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from nkwatch.domain.desk import Marks
from nkwatch.domain.reading import Urgency
from nkwatch.domain.statement import Presence
from nkwatch.domain.story import AlertState
from nkwatch.domain.webhook import (
    BURST,
    LONGEST_REST,
    LONGEST_WAIT,
    OLDEST,
    RETRIES,
    Answered,
    Call,
    CallState,
    Event,
    Hook,
    Line,
    Unanswered,
    octets,
)
from nkwatch.editing.webhooks import LONGEST_TITLE, Drop, Later, Tell, Words, content, judged, signed, written
from tests.making import NOW, context, finding, report, story

HOUR = timedelta(hours=1)
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 24).decode()
HOOK = Hook("newsdesk", "https://hooks.example/in?key=7", (SECRET,))
WORDS = Words("https://watch.example/", lambda text: text.replace("\0", ""), lambda url: url)
WELL, DOWN = Answered(204), Unanswered("hooks.example did not answer.")


def call(event=Event.STORY_NEW, **fields):
    return Call(
        **(
            {
                "hook": "newsdesk",
                "key": "story s1",
                "event": event,
                "story_id": "s1",
                "at": NOW,
                "found_at": NOW,
                "due_at": NOW,
            }
            | fields
        )
    )


def failing(heard, one=None):
    """A call, and all instants at which it is tried while the receiver answers so."""
    one, now, tried = one or call(), NOW, []
    while one.state is CallState.WAITING and one.due_at:
        now = one.due_at
        tried.append(now)
        one = one.after(heard, now)
    return one, tried


# What is said of a call


def test_events_are_asked_for_by_three_words_and_alerts_do_not_wait_behind_stories():
    assert {e.value: e.kind for e in Event} == {
        "story.new": "story", "story.corrected": "correction", "alert.sent": "alert",
        "alert.corrected": "correction", "alert.withdrawn": "correction",
    }  # fmt: skip
    assert [e for e in Event if e.priority == 0] == [Event.ALERT_SENT, Event.ALERT_CORRECTED, Event.ALERT_WITHDRAWN]


def test_a_call_has_one_id_for_all_its_attempts_and_another_for_each_hook():
    one = call()
    assert one.id == one.after(DOWN, NOW).id
    assert len({one.id, call(hook="other").id, call(key="story s2").id}) == 3
    assert "." not in one.id


def test_the_address_of_a_hook_is_kept_as_a_hash_and_shown_nowhere():
    assert "hooks.example" not in repr(HOOK) + HOOK.address
    assert SECRET not in repr(HOOK)
    assert HOOK.address != replace(HOOK, url="https://hooks.example/in?key=8").address


def test_without_themes_a_hook_gets_what_public_pages_show():
    assert HOOK.fits(story())
    assert not HOOK.fits(story(report(themes=[context()])))
    some = replace(HOOK, themes=frozenset({"security"}))
    assert some.fits(story(report(themes=[context()])))
    assert not some.fits(story())


# Again and again


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_call_that_was_taken_is_done(status):
    after = call().after(Answered(status, "thanks"), NOW)
    assert (after.state, after.due_at, after.done_at, after.attempts) == (CallState.DONE, None, NOW, 1)
    assert after.reply == f"{status}: thanks"


@pytest.mark.parametrize("heard", [Answered(199), Answered(301), Answered(307), Answered(400), Answered(500), DOWN])
def test_a_call_that_was_not_taken_is_made_again_for_most_of_a_day_and_then_given_up(heard):
    after, tried = failing(heard)
    assert (after.state, after.attempts, after.done_at) == (CallState.GIVEN_UP, 7, tried[-1])
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert all(wanted <= pause <= wanted * 1.1 for wanted, pause in zip(RETRIES, pauses, strict=True))
    assert after.reply == heard.told


def test_who_asks_to_wait_is_waited_for_but_not_for_ever():
    for status in (429, 503):
        assert call().after(Answered(status, "", HOUR), NOW).due_at == NOW + HOUR
        assert call().after(Answered(status, "", timedelta(days=99)), NOW).due_at == NOW + LONGEST_WAIT
    # of other answers the field means nothing
    assert call().after(Answered(500, "", HOUR), NOW).due_at < NOW + timedelta(seconds=6)


def test_a_call_that_waited_for_days_is_tried_once_and_given_up():
    late = NOW + OLDEST + HOUR
    assert call().after(DOWN, late).state is CallState.GIVEN_UP
    assert call().after(WELL, late).state is CallState.DONE


def test_gone_switches_the_hook_off_and_the_call_waits():
    after = call().after(Answered(410), NOW)
    assert (after.state, after.due_at) == (CallState.WAITING, None)
    line = Line("newsdesk").after(Answered(410), HOOK.rate, NOW)
    assert (line.off_at, line.ready(HOOK.rate, NOW + 99 * HOUR)) == (NOW, False)


def test_a_receiver_that_fails_is_left_alone_for_longer_each_time_and_forgiven_at_once():
    line, now, rests = Line("newsdesk"), NOW, []
    for _ in range(12):
        line = line.after(DOWN, HOOK.rate, now)
        rests.append(line.rests_until - now)
        assert not line.ready(HOOK.rate, now)
        now = line.rests_until
        assert line.ready(HOOK.rate, now)
    assert rests[0] == timedelta(seconds=5)
    assert rests == sorted(rests)
    assert rests[-1] == LONGEST_REST
    assert line.after(Answered(429, "", HOUR), HOOK.rate, now).rests_until == now + HOUR
    good = line.informed().after(WELL, HOOK.rate, now)
    assert (good.failures, good.rests_until, good.told) == (0, None, False)


def test_no_more_calls_leave_than_the_pace_allows():
    line, now, left = Line("newsdesk"), NOW, []
    while now < NOW + timedelta(minutes=2):
        while line.ready(HOOK.rate, now):
            line = line.after(WELL, HOOK.rate, now)
            left.append(now)
        now += timedelta(milliseconds=250)
    assert left.count(NOW) == BURST
    assert len(left) == pytest.approx(BURST + 119, abs=2)


def test_the_operator_is_told_once_for_as_long_as_it_goes_on():
    told = Line("newsdesk").after(DOWN, HOOK.rate, NOW).informed()
    assert told.told
    assert told.after(DOWN, HOOK.rate, NOW).told


# What is told of a story


def verdict(one, about=None, *, hook=HOOK, knows=False):
    return judged(one, hook, about, NOW, knows=knows)


def test_a_new_story_is_told():
    told = story()
    assert verdict(call(), told) == Tell(told)


def test_only_what_may_be_shown_of_a_story_is_told():
    hidden = report("s2", title="A name", presence=Presence.MISSING)
    assert verdict(call(), story(report(), hidden)) == Tell(story(report()))


@pytest.mark.parametrize(
    ("about", "why"),
    [
        (None, "not there any more"),
        (story(marks=Marks(held=True)), "holds the story back"),
        (story(report(presence=Presence.HIDDEN)), "nothing of the story"),
        (story(marks=Marks(withdrawn=True)), "withdrawn"),
        (story(report(backlog=True)), "old news"),
        (story(report(themes=[context()])), "other themes"),
    ],
)
def test_what_is_no_news_or_not_to_be_shown_is_not_told(about, why):
    found = verdict(call(), about)
    assert isinstance(found, Drop)
    assert why in found.why


def test_a_backlog_with_one_report_that_is_news_is_told():
    assert isinstance(verdict(call(), story(report(backlog=True), report("s2"))), Tell)


def test_an_embargo_puts_the_call_off_to_its_end():
    bound = story(report(embargo=NOW + HOUR), report("s2", embargo=NOW + 2 * HOUR))
    assert verdict(call(), bound) == Later(NOW + HOUR)
    assert call().put_off(NOW + HOUR).due_at == NOW + HOUR
    dropped = call().dropped("other themes", NOW)
    assert (dropped.state, dropped.due_at, dropped.reply, dropped.done_at) == (
        CallState.DROPPED,
        None,
        "other themes",
        NOW,
    )


def test_an_alert_that_was_stopped_or_withdrawn_before_is_not_told():
    sent = call(Event.ALERT_SENT)
    assert isinstance(verdict(sent, story(alert=AlertState.SENT)), Tell)
    assert verdict(sent, story(alert=AlertState.WITHHELD)) == Drop("the alert was stopped")
    assert verdict(sent, story(alert=AlertState.SENT, marks=Marks(withdrawn=True))) == Drop("it was withdrawn")


@pytest.mark.parametrize("event", [Event.ALERT_WITHDRAWN, Event.ALERT_CORRECTED])
def test_who_was_told_is_told_that_it_is_taken_back_whatever_became_of_the_story(event):
    one, elsewhere = call(event), story(report(themes=[context()]), marks=Marks(withdrawn=True))
    assert verdict(one, elsewhere, knows=True) == Tell(elsewhere)
    assert isinstance(verdict(one, elsewhere), Drop)
    for gone in (None, story(marks=Marks(held=True)), story(report(presence=Presence.HIDDEN))):
        assert verdict(one, gone, knows=True) == Tell(None)
        assert isinstance(verdict(one, gone), Drop)


def test_a_corrected_reading_is_told_also_when_the_theme_is_gone_by_it():
    one = call(Event.STORY_CORRECTED)
    prisons = replace(HOOK, themes=frozenset({"prisons"}))
    other = story(report(themes=[finding("religion")]))
    assert isinstance(verdict(one, other, hook=prisons, knows=True), Tell)
    assert isinstance(verdict(one, other, hook=prisons), Drop)
    assert isinstance(verdict(one, None, knows=True), Drop)


# What it says


def test_a_call_says_ids_addresses_and_the_title_and_no_text():
    lead = report("s1", title="A fam\0ily", text="SECRET TEXT " * 20, language="ko", urgency=Urgency.URGENT)
    other = report("s2", title="In English", language="en", text="SECRET TEXT", published=NOW + HOUR)
    body = content(call(Event.ALERT_SENT, number=7), replace(HOOK, language="ko"), story(lead, other), WORDS)
    assert json.loads(body) == {
        "type": "alert.sent",
        "timestamp": "2026-11-22T07:00:00Z",
        "data": {
            "id": "s1",
            "number": 7,
            "url": "https://watch.example/stories/s1",
            "title": "A family",
            "publisher": "Publisher a",
            "original_url": "https://a.example/s1",
            "themes": ["prisons"],
            "urgency": "urgent",
            "language": "ko",
            "published": "2026-11-22T07:00:00Z",
        },
    }
    english = json.loads(content(call(), HOOK, story(lead, other), WORDS))
    assert (english["data"]["title"], english["data"]["number"]) == ("In English", None)
    assert body.isascii()


def test_an_address_outside_of_its_source_is_not_told():
    told = json.loads(content(call(), HOOK, story(replace(report(), link=False)), WORDS))
    assert told["data"]["original_url"] == ""


def test_a_title_without_end_ends():
    told = json.loads(content(call(), HOOK, story(report(title="x" * 9999)), WORDS))
    assert len(told["data"]["title"]) == LONGEST_TITLE


def test_what_is_taken_back_and_may_not_be_shown_is_named_by_its_id_alone():
    whole = json.loads(content(call(Event.ALERT_WITHDRAWN, number=7), HOOK, story(), WORDS))["data"]
    bare = json.loads(content(call(Event.ALERT_WITHDRAWN, number=7), HOOK, None, WORDS))["data"]
    assert whole.keys() == bare.keys()
    assert {k: v for k, v in bare.items() if v is not None} == {
        "id": "s1", "number": 7, "url": "https://watch.example/stories/s1",
    }  # fmt: skip


# What it is signed with


@given(st.binary(min_size=24, max_size=64), st.text(max_size=50))
def test_the_reference_implementation_verifies_what_we_sign(key, title):
    secret = "whsec_" + base64.b64encode(key).decode()
    body = written("story.new", NOW, {"title": title})
    headers = signed("abc", (secret,), NOW, body)
    theirs = Webhook(secret)
    assert headers["webhook-signature"] == theirs.sign("abc", NOW, body.decode())
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_while_a_secret_is_changed_each_of_them_verifies_the_call():
    headers = signed("abc", (SECRET, OTHER), NOW, b"{}")
    signatures = headers["webhook-signature"].split(" ")
    assert signatures == [Webhook(s).sign("abc", NOW, "{}") for s in (SECRET, OTHER)]


@pytest.mark.parametrize(
    "wrong", ["", "whsec_", "whsec_???", base64.b64encode(b"k" * 32).decode(), "whsec_" + base64.b64encode(b"k" * 23).decode(),
              "whsec_" + base64.b64encode(b"k" * 65).decode()],
)  # fmt: skip
def test_what_is_no_secret_is_refused_and_not_repeated(wrong):
    with pytest.raises(ValueError, match="24 to 64 octets") as refused:
        octets(wrong)
    assert not wrong.removeprefix("whsec_") or wrong not in str(refused.value)
