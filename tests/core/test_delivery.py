"""What becomes of a delivery after an attempt, and what bulletins are made of."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import (
    FIRST_RETRY,
    GIVE_UP_AFTER,
    LONGEST_RETRY,
    Block,
    BulletinKind,
    Deferred,
    DeliveryState,
    Refused,
    Sent,
    Slot,
)
from nkwatch.domain.lease import Lease
from nkwatch.domain.problems import ConfigError
from tests.making import NOW, composition, delivery


def test_an_accepted_delivery_is_done() -> None:
    after = delivery(attempts=2).after(Sent("250 queued"), NOW)
    assert (after.state, after.attempts, after.reply) == (DeliveryState.SENT, 3, "250 queued")
    assert (after.done_at, after.due_at) == (NOW, None)


def test_a_refused_delivery_is_done() -> None:
    after = delivery().after(Refused("550 no such user"), NOW)
    assert (after.state, after.attempts, after.reply) == (DeliveryState.REFUSED, 1, "550 no such user")
    assert (after.done_at, after.due_at) == (NOW, None)


def test_a_deferred_delivery_waits_longer_each_time() -> None:
    waits = []
    tried = delivery()
    for _ in range(8):
        tried = tried.after(Deferred("451 try later"), NOW)
        assert tried.due_at
        waits.append((tried.due_at - NOW) / timedelta(minutes=1))
    assert waits == [5, 10, 20, 40, 80, 160, 240, 240]
    assert (tried.state, tried.done_at) == (DeliveryState.DEFERRED, None)


def test_a_line_that_is_down_is_not_held_against_the_reader() -> None:
    after = delivery(attempts=7).after(Deferred("connection refused", line=True), NOW)
    assert after.due_at == NOW + FIRST_RETRY


def test_a_delivery_is_given_up_four_days_after_its_date() -> None:
    late = NOW + GIVE_UP_AFTER
    almost = delivery().after(Deferred("451 try later"), late - timedelta(seconds=1))
    given_up = delivery().after(Deferred("451 try later"), late)
    assert almost.state is DeliveryState.DEFERRED
    assert (given_up.state, given_up.done_at, given_up.due_at) == (DeliveryState.REFUSED, late, None)
    assert given_up.reply == "given up after 4 days: 451 try later"


@given(st.integers(0, 10**6), st.booleans(), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_a_deferred_delivery_is_tried_again_within_four_hours(attempts: int, line: bool, waited: timedelta) -> None:
    after = delivery(attempts=attempts).after(Deferred("451", line=line), NOW + waited)
    assert after.due_at
    assert FIRST_RETRY <= after.due_at - (NOW + waited) <= LONGEST_RETRY


@given(
    st.lists(st.sampled_from([Sent("250"), Deferred("451"), Deferred("gone", line=True), Refused("550")]), max_size=9)
)
def test_message_id_and_date_never_change(outcomes: list[Sent | Deferred | Refused]) -> None:
    tried = delivery()
    for outcome in outcomes:
        tried = tried.after(outcome, NOW)
    assert (tried.id, tried.message_id, tried.date) == (1, "<1@nkwatch.example>", NOW)
    assert tried.attempts == len(outcomes)


def test_somebody_in_danger_comes_first_with_what_was_wrong_and_digests_come_last() -> None:
    by_priority = {k: k.priority for k in BulletinKind}
    first = {BulletinKind.ALERT, BulletinKind.ALERT_CORRECTION, BulletinKind.DIGEST_CORRECTION}
    assert {k for k, p in by_priority.items() if p == min(by_priority.values())} == first
    last = {BulletinKind.DIGEST, BulletinKind.LULL}
    assert {k for k, p in by_priority.items() if p == max(by_priority.values())} == last


def test_what_concerns_a_subscription_is_one_readers_own() -> None:
    own = {BulletinKind.CONFIRMATION, BulletinKind.SETTINGS, BulletinKind.MOVE_OLD, BulletinKind.MOVE_NEW}
    assert {k for k in BulletinKind if k.personal} == own


def test_equal_blocks_are_one_block() -> None:
    assert Block(b"one\r\n").id == Block(b"one\r\n").id != Block(b"two\r\n").id


def test_the_blocks_of_a_composition_come_in_order_without_its_slots() -> None:
    blocks = composition().blocks
    assert [b.body for b in blocks] == [b"Weekly digest\r\n"]
    assert not [b for b in blocks if isinstance(b, Slot)]


def test_a_wrong_setting_tells_every_problem() -> None:
    with pytest.raises(ConfigError, match=r"mail\.port: 0") as wrong:
        raise ConfigError("mail.port: 0 is no port", "site.url: is missing")
    assert wrong.value.problems == ("mail.port: 0 is no port", "site.url: is missing")


def test_a_lease_belongs_to_its_owner_for_a_while() -> None:
    assert Lease("one", NOW) == Lease("one", NOW)
    assert Lease("one", NOW) not in {Lease("another", NOW), Lease("one", NOW + timedelta(minutes=5))}
