"""What judges a cluster or a node sees each kind of wrong: a campaign that finds nothing must be able to find it."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import TZPATH, ZoneInfo, reset_tzpath

import pytest
from campaigns.forwarding import Near
from campaigns.judging import Kept, Mail, judged
from campaigns.newsstand import Shown
from campaigns.readers import Reader
from campaigns.zones import HOUR, closings, environment, zone_for

from nkwatch.domain.subscriber import Standing

CLOSING = datetime(2026, 1, 10, 12, 34, 56, tzinfo=UTC)
DAY, HOURS = timedelta(days=1), timedelta(hours=1)
WINDOW = (CLOSING - DAY, CLOSING)
READER = Reader("r1", Standing.CONFIRMED, CLOSING, behind=False, alerts=False)
SHOWN = Shown("s", 0, "A title", "A text", CLOSING - 3 * HOURS)
DIGEST = Mail("r1", "digest", "sent", WINDOW, ("x",), CLOSING, "<1@x>")
ALERT = replace(DIGEST, kind="alert", window=None, date=CLOSING - HOURS, message_id="<2@x>")


def right(*mails):
    """One statement in one story, one reader whose window held it."""
    there = Kept(covered={"r1": CLOSING}, statements=Counter(["u"]), homes={"u": "x"}, ready={"x": CLOSING - 2 * HOURS})
    there.grew["x"].append(CLOSING - 2 * HOURS)
    there.mails["r1"] += mails or (DIGEST,)
    return there


def wrong(there, reader=READER, shown=SHOWN, left=()):
    return judged(there, [reader], {"u": shown}, dict.fromkeys(left, CLOSING))


def test_who_has_what_the_window_holds_has_one_mail():
    assert wrong(right()) == []
    assert right().expected(READER) == 1


def test_an_alert_stands_for_a_digest_that_would_hold_nothing_else():
    there = right(ALERT)
    there.alerted = {"x"}
    assert wrong(there, replace(READER, alerts=True)) == []


def test_a_story_that_nobody_was_told_is_missed():
    there = right()
    there.mails.clear()
    assert any("was not told 1 stories" in w for w in wrong(there))
    assert any("0 mails instead of 1" in w for w in wrong(there))
    assert wrong(there, left=["r1"]) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.statements.clear(), "are lost"),
        (lambda t: t.statements.update(["u"]), "stored twice"),
        (lambda t: t.statements.update(["v"]), "no source showed"),
        (lambda t: setattr(t, "unread", 1), "unread"),
        (lambda t: t.homes.update(u=None), "stands in no story"),
        (lambda t: t.ready.update(x=CLOSING - 5 * HOURS), "is ready at"),
        (lambda t: t.ready.update(x=datetime.now(UTC) + DAY), "is ready at"),
        (lambda t: t.ready.update(x=CLOSING - 2 * DAY), "in the digest of"),
        (lambda t: t.covered.update(r1=CLOSING - HOURS), "was covered until"),
        (lambda t: t.mails["r1"].append(replace(DIGEST, stories=())), "without a story"),
        (lambda t: t.mails["r1"].append(replace(DIGEST, date=CLOSING + HOURS)), "twice"),
        (lambda t: t.mails["r1"].append(replace(DIGEST, window=(CLOSING - HOURS, CLOSING))), "two digests of one time"),
        (lambda t: t.mails["r1"].append(replace(DIGEST, window=(CLOSING, CLOSING + DAY))), "has a digest of"),
        (lambda t: t.mails["r1"].append(ALERT), "wants no alerts"),
    ],
)
def test_each_kind_of_wrong_is_found(change, words):
    there = right()
    change(there)
    assert any(words in w for w in wrong(there))


def test_an_alert_that_went_out_is_owed_to_everybody_who_wants_it_unless_it_waits():
    there = right()
    there.ready["y"] = CLOSING + HOURS
    there.alerted = {"y"}
    wants = replace(READER, alerts=True)
    assert any("was not alerted of 1" in w for w in wrong(there, wants))
    there.waiting = {("r1", "y")}
    assert wrong(there, wants) == []


def test_mail_to_who_never_confirmed_is_found():
    assert any("never confirmed" in w for w in wrong(right(), replace(READER, standing=Standing.PENDING)))


def test_a_day_behind_one_window_may_take_in_two_or_each_has_its_own():
    behind = replace(READER, behind=True)
    there = right(replace(DIGEST, window=(CLOSING - 2 * DAY, CLOSING)))
    assert wrong(there, behind) == []
    there = right(
        DIGEST, replace(DIGEST, window=(CLOSING - 2 * DAY, CLOSING - DAY), stories=("y",), date=CLOSING - DAY)
    )
    there.ready["y"] = CLOSING - 30 * HOURS
    assert wrong(there, behind) == []
    assert there.expected(behind) == 2


@pytest.mark.parametrize("second", [0, 1, 43_199, 43_200, 86_399])
def test_it_is_seven_in_the_zone_of_a_closing(second, tmp_path):
    closing = CLOSING.replace(hour=0, minute=0, second=0) + timedelta(seconds=second)
    name = zone_for(closing, tmp_path)
    before = TZPATH
    reset_tzpath(environment(tmp_path)["PYTHONTZPATH"].split(":"))
    try:
        there = closing.astimezone(ZoneInfo(name))
    finally:
        reset_tzpath(before)
    assert (there.hour, there.minute, there.second) == (HOUR, 0, 0)


def test_closings_are_whole_seconds_apart():
    found = closings(CLOSING.replace(microsecond=5), timedelta(seconds=6), timedelta(seconds=2))
    assert found == [CLOSING, CLOSING + timedelta(seconds=2), CLOSING + timedelta(seconds=4)]


class Pipe(asyncio.Transport):
    """A line that keeps what is written into it."""

    def __init__(self):
        super().__init__()
        self.written, self.closed, self.reading = [], False, True

    def write(self, data):
        self.written.append(data)

    def close(self):
        self.closed = True

    abort = close

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True


async def _echo(reader, writer):
    while data := await reader.read(100):
        writer.write(data.upper())
    writer.close()


async def test_bytes_are_carried_both_ways_and_an_end_ends_the_other():
    far = await asyncio.start_server(_echo, "127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    place = far.sockets[0].getsockname()
    near = await loop.create_server(lambda: Near(*place), "127.0.0.1", 0)
    async with far, near:
        reader, writer = await asyncio.open_connection(*near.sockets[0].getsockname())
        writer.write(b"some words")
        assert await reader.readexactly(10) == b"SOME WORDS"
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()


async def test_what_comes_before_the_other_end_is_there_is_kept_for_it():
    near, pipe = Near("127.0.0.1", 9), Pipe()
    near.connection_made(pipe)
    near.data_received(b"early")
    far = near.other
    there = Pipe()
    far.connection_made(there)
    assert there.written == [b"early"]
    near.pause_writing()
    assert not there.reading
    near.resume_writing()
    assert there.reading
    far.connection_lost(None)
    assert pipe.closed


async def test_where_nobody_listens_the_line_is_cut():
    near, pipe = Near("127.0.0.1", 1), Pipe()
    near.connection_made(pipe)
    async with asyncio.timeout(5):
        while not pipe.closed:
            await asyncio.sleep(0)
