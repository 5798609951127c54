"""What a relay changes of a mail on its way, and what is to be set then."""

import re
from datetime import UTC, datetime

import pytest

from nkwatch.domain.posture import Severity
from nkwatch.mail.roundtrip import Probe, compared, marker_in, new_marker

MARKER = new_marker(datetime(2026, 11, 22, 7, 30, tzinfo=UTC), "0123456789abcdef")
PROBE = Probe(
    "Watch", "digest@watch.example", "bounces@watch.example", "canary@watch.example", "https://watch.example/"
)
SENT = PROBE(MARKER).content


def wrong(received, **more):
    found = compared(SENT, received, **({"signs": True} | more))
    return [f for f in found if f.severity is Severity.WRONG]


def replaced(name, value):
    return re.sub(
        rb"(?m)^" + name + rb": .*?\r\n(?![ \t])", name + b": " + value + b"\r\n", SENT, flags=re.DOTALL, count=1
    )


def test_the_mail_can_be_made_again_from_its_marker():
    assert marker_in(SENT) == MARKER
    assert PROBE(marker_in(SENT)).content == SENT
    assert b"Date: Sun, 22 Nov 2026 07:30:00 +0000\r\n" in SENT
    assert all(len(line) <= 998 for line in SENT.split(b"\r\n"))


@pytest.mark.parametrize("marker", ["", "nkwatch", MARKER + "0", MARKER.replace("1122", "1322")])
def test_what_is_no_marker_makes_no_mail(marker):
    with pytest.raises(ValueError, match=r"marker|time data|unconverted"):
        PROBE(marker)


def test_a_mail_that_came_as_it_was_sent_is_fine():
    received = b"Return-Path: <b@x.example>\r\nReceived: by x\r\n" + SENT
    assert wrong(received) == []
    assert wrong(received.replace(b"\r\n", b"\n")) == []
    folded = received.replace(b"List-Unsubscribe: <", b"List-Unsubscribe:\r\n\t<")
    assert wrong(folded) == []


def test_a_relay_that_rewrites_date_and_message_id_tells_what_to_leave_unsigned():
    received = replaced(b"Message-ID", b"<0102@eu-west-1.amazonses.com>").replace(b"07:30:00", b"07:30:02")
    (found,) = wrong(received)
    assert found.do == 'Set dkim.leave_out = ["date", "message-id"].'
    assert wrong(received, left_out=("date", "message-id")) == []
    assert wrong(received, signs=False) == []
    (more,) = wrong(replaced(b"Date", b"Mon, 23 Nov 2026 07:30:00 +0000"), left_out=("message-id",))
    assert more.do == 'Set dkim.leave_out = ["date", "message-id"].'


@pytest.mark.parametrize("name", [b"Subject", b"From", b"List-Unsubscribe", b"List-Id", b"Content-Transfer-Encoding"])
def test_other_fields_must_stay_as_they_are(name):
    (found,) = wrong(replaced(name, b"something else"))
    assert name.decode() in found.found


def test_what_is_taken_away_or_doubled_is_seen():
    gone = re.sub(rb"(?m)^List-Unsubscribe-Post: .*\r\n", b"", SENT)
    assert "takes away List-Unsubscribe-Post" in wrong(gone)[0].found
    assert wrong(b"Subject: [list]\r\n" + SENT)


def test_a_footer_or_a_rewritten_link_is_seen():
    for received in (
        SENT + b"-- \r\nSent by a list\r\n",
        SENT.replace(b"https://watch.example/mails", b"https://click.example/x"),
    ):
        assert any("changes the text" in f.found for f in wrong(received))
    assert wrong(SENT + b"\r\n\r\n") == []


def test_a_signature_that_does_not_hold_is_told():
    (found,) = wrong(SENT, verified="no signature")
    assert "no signature in our name is valid: no signature" in found.found
    assert "nkwatch doctor" in found.do


def test_a_marker_that_was_broken_in_two_is_found_again():
    assert marker_in(SENT.replace(b"-0123", b"-01=\r\n23")) == MARKER
    assert marker_in(b"Subject: hello\r\n\r\n") == ""
