"""What becomes of a delivery after an attempt, and what bulletins are made of."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import Block, BulletinKind, Slot
from nkwatch.domain.delivery import (
    GIVE_UP_AFTER,
    Booked,
    Deferred,
    DeliveryState,
    Handover,
    Lane,
    Late,
    Message,
    Refused,
    Sent,
    Turn,
    Unknown,
)
from nkwatch.domain.lease import Lease
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.retry import FIRST_RETRY, LONGEST_RETRY, UNKNOWN_RETRY
from tests.making import NOW, claimed, composition, delivery


def test_an_accepted_delivery_is_done() -> None:
    after = delivery(attempts=2, offered_at=NOW).after(Sent("250 queued", "4Fx"), NOW)
    assert (after.state, after.attempts, after.reply) == (DeliveryState.SENT, 3, "250 queued")
    assert (after.done_at, after.due_at, after.relay_id, after.offered_at) == (NOW, None, "4Fx", None)


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


def test_how_long_it_waits_depends_on_the_reply() -> None:
    full = delivery().after(Deferred("452 4.2.2 over quota"), NOW)
    assert full.due_at == NOW + timedelta(hours=2)


# What nobody knows


def test_what_was_not_answered_is_tried_again_last_and_not_before_half_an_hour() -> None:
    after = delivery(offered_at=NOW).after(Unknown("no answer after the final dot"), NOW)
    assert (after.state, after.turn, after.attempts) == (DeliveryState.UNKNOWN, Turn.LAST, 1)
    assert (after.due_at, after.done_at, after.offered_at) == (NOW + UNKNOWN_RETRY, None, None)


def test_what_is_never_answered_waits_longer_each_time_and_is_given_up_after_four_days() -> None:
    after = delivery(attempts=9).after(Unknown("silence"), NOW)
    assert after.due_at == NOW + LONGEST_RETRY
    given_up = after.after(Unknown("silence"), NOW + GIVE_UP_AFTER)
    assert (given_up.state, given_up.reply) == (DeliveryState.REFUSED, "given up after 4 days: silence")


@pytest.mark.parametrize("turn", [Turn.FIRST, Turn.LAST])
@pytest.mark.parametrize("outcome", [Sent("250"), Deferred("451 later"), Refused("550")])
def test_what_is_answered_in_the_end_has_its_usual_turn_again(turn: Turn, outcome: Handover) -> None:
    assert delivery(state=DeliveryState.UNKNOWN, turn=turn).after(outcome, NOW).turn is Turn.USUAL


@pytest.mark.parametrize("turn", Turn)
def test_what_was_never_offered_goes_back_when_its_worker_dies_and_keeps_its_turn(turn: Turn) -> None:
    after = delivery(state=DeliveryState.LEASED, turn=turn).abandoned(NOW)
    assert (after.state, after.turn, after.due_at) == (DeliveryState.PENDING, turn, NOW)


def test_what_may_have_left_when_its_worker_died_is_settled_first() -> None:
    after = delivery(state=DeliveryState.LEASED, offered_at=NOW).abandoned(NOW)
    assert (after.state, after.turn, after.due_at) == (DeliveryState.UNKNOWN, Turn.FIRST, NOW)
    assert after.offered_at is None
    assert min(Turn) is Turn.FIRST


answers = [Sent("250"), Deferred("451"), Deferred("gone", line=True), Refused("550"), Unknown("silence")]


@given(st.lists(st.sampled_from(answers), max_size=9))
def test_message_id_and_date_never_change(outcomes: list[Handover]) -> None:
    tried = delivery()
    for outcome in outcomes:
        tried = tried.after(outcome, NOW)
    assert (tried.id, tried.message_id, tried.date) == (1, "<1@nkwatch.example>", NOW)
    assert tried.attempts == len(outcomes)


@given(st.sampled_from(answers), st.timedeltas(timedelta(0), timedelta(days=9)))
def test_a_delivery_is_done_or_due_again_later_and_never_both(outcome: Handover, waited: timedelta) -> None:
    now = NOW + waited
    after = delivery(offered_at=now).after(outcome, now)
    assert (after.due_at is None) is (after.done_at is not None)
    assert after.due_at is None or after.due_at >= now + FIRST_RETRY
    assert after.offered_at is None


# Lanes


def test_every_bulletin_has_one_lane_and_bulk_is_what_nobody_waits_for() -> None:
    urgent, bulk = Lane.URGENT.priorities, Lane.BULK.priorities
    assert not set(urgent) & set(bulk)
    assert {k for k in BulletinKind if k.priority in bulk} == {BulletinKind.DIGEST, BulletinKind.LULL}
    assert all(k.priority in (*urgent, *bulk) for k in BulletinKind)


def test_the_domain_of_a_reader_is_known_in_small_letters() -> None:
    assert replace(claimed(), address="Ann@Mail.Example").domain == "mail.example"


def test_addresses_and_contents_do_not_show_when_printed() -> None:
    assert "example.org" not in f"{claimed()} {Message('', 'ann@example.org', b'secret')}"
    assert "secret" not in repr(Message("", "ann@example.org", b"secret"))


def test_what_is_booked_and_what_is_late_are_plain_values() -> None:
    assert Booked() == Booked(frozenset(), frozenset())
    assert Late(7, 3, NOW) == Late(7, 3, NOW)


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
