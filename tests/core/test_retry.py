"""How long a delivery waits before it is tried again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.retry import FIRST_RETRY, LONGEST_RETRY, Codes, codes, pause

GREYLISTED = [
    "450 4.7.1 <list@nkwatch.example>: Recipient address rejected: Greylisted, see http://grey.example",
    "451 4.7.1 Service unavailable - try again later",
    "450 4.2.0 Recipient address rejected: Greylisting in effect",
    "451 You are graylisted, come back in five minutes",
    "451 Temporary local problem - please try again in 300 seconds",
]
TOO_FAST = [
    "421-4.7.28 Our system has detected an unusual rate of unsolicited mail",
    "421 4.7.28 Gmail has limited this sender",
    "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents more",
    "421 4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume",
    "421 too many connections from your address",
    "452 4.5.3 Too many recipients",
    "450 4.7.1 You are sending too many messages",
    "451 Throttled: slow down",
    "421 4.7.0 Try again later, closing connection",
    "451 4.7.500 Server busy",
    "454 4.7.0 Temporary authentication failure",
]
FULL = [
    "452 4.2.2 The account that you tried to reach is over quota",
    "450 4.2.2 mailbox full",
    "422 4.2.2 too many messages in it",
    "452 requested action aborted: quota exceeded",
    "450 Mailbox is full",
]
USUAL = [
    "451 later",
    "451 4.3.0 local error",
    "421 4.3.2 shutting down",
    "452 4.3.1 Insufficient system storage",
    "connection refused",
    "the line broke at a rate too many quotas",
    "",
]


def waits(reply: str) -> list[float]:
    """The pauses after the first six attempts, in minutes."""
    return [pause(reply, attempts) / timedelta(minutes=1) for attempts in range(6)]


@pytest.mark.parametrize("reply", GREYLISTED)
def test_who_lists_us_as_grey_is_asked_again_soon_and_within_the_hour(reply: str) -> None:
    assert waits(reply) == [5, 10, 20, 40, 60, 60]


@pytest.mark.parametrize("reply", TOO_FAST)
def test_who_takes_less_than_we_send_gets_a_quarter_of_an_hour_at_least(reply: str) -> None:
    assert waits(reply) == [15, 30, 60, 120, 240, 240]


@pytest.mark.parametrize("reply", FULL)
def test_a_full_mailbox_gets_hours(reply: str) -> None:
    assert waits(reply) == [120, 240, 240, 240, 240, 240]


@pytest.mark.parametrize("reply", USUAL)
def test_anything_else_is_tried_again_after_five_minutes_and_then_less_and_less_often(reply: str) -> None:
    assert waits(reply) == [5, 10, 20, 40, 80, 160]


@given(st.sampled_from([*GREYLISTED, *TOO_FAST, *FULL, *USUAL]) | st.text(), st.integers(0, 10**6))
def test_no_pause_is_shorter_than_the_one_before_nor_longer_than_four_hours(reply: str, attempts: int) -> None:
    assert FIRST_RETRY <= pause(reply, attempts) <= pause(reply, attempts + 1) <= LONGEST_RETRY


@given(st.sampled_from([*GREYLISTED, *TOO_FAST, *FULL]))
def test_case_does_not_matter(reply: str) -> None:
    assert waits(reply.upper()) == waits(reply)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("250 2.1.5 fine", Codes(250, "2.1.5")),
        ("421-4.7.28 slowly", Codes(421, "4.7.28")),
        ("550 no such user", Codes(550, "")),
        ("  451 later", Codes(451, "")),
        ("550 5.1.1000 what", Codes(550, "")),
        ("354 go on", Codes(0, "")),
        ("connection refused", Codes(0, "")),
        ("", Codes(0, "")),
    ],
)
def test_the_codes_of_a_reply_are_read_where_there_are_any(reply: str, said: Codes) -> None:
    assert codes(reply) == said
