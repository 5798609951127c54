"""A subscriber: paused or not, suppressed for good or not, moving from one address to another."""

from datetime import timedelta

import pytest

from nkwatch.domain import retention
from nkwatch.domain.subscriber import Joining, Move, Standing, Suppression, move_name, move_named
from tests.making import NOW, subscriber


def test_who_pauses_is_paused_until_that_instant_and_not_longer():
    until = NOW + timedelta(days=3)
    paused = subscriber(paused_until=until)
    assert paused.paused(until - timedelta(microseconds=1))
    assert not paused.paused(until)
    assert not subscriber().paused(NOW)


@pytest.mark.parametrize("why", Suppression)
def test_who_left_and_whose_mailbox_was_gone_may_be_asked_again(why):
    assert why.final is (why in {Suppression.ERASED, Suppression.COMPLAINED})


def test_what_a_person_asked_for_weighs_more_than_what_a_mailbox_said_and_that_more_than_leaving():
    weights = {why: why.weight for why in Suppression}
    assert weights == {
        Suppression.LEFT: 0,
        Suppression.BOUNCED: 1,
        Suppression.ERASED: 2,
        Suppression.COMPLAINED: 2,
    }


def test_a_move_needs_both_sides():
    sides = [(False, False), (True, False), (False, True), (True, True)]
    assert [Move("r1", old, new).complete for old, new in sides] == [False, False, False, True]


def test_nothing_of_a_reader_who_is_gone_is_kept_longer_than_of_one_who_stays():
    assert retention.UNCONFIRMED <= retention.ENDED <= retention.DELIVERIES
    assert retention.SETTINGS_LINK < retention.ONE_ANSWER <= retention.UNCONFIRMED


def test_a_move_is_named_by_reader_and_instant():
    assert move_named(move_name("r1", NOW)) == ("r1", NOW)
    assert move_name("r1", NOW) != move_name("r1", NOW + timedelta(microseconds=1))


@pytest.mark.parametrize("name", ["", "r1", "r1~", "r1~x", "r1~-1", "r1~1~2"])
def test_what_names_no_move_is_none(name):
    assert move_named(name) is None


def test_only_who_is_confirmed_and_not_suppressed_may_be_sent_bulletins():
    reader = subscriber()
    assert Joining(reader, Standing.CONFIRMED, NOW).confirmed
    assert not Joining(reader, Standing.PENDING, NOW).confirmed
    assert not Joining(reader, Standing.CONFIRMED, NOW, Suppression.LEFT).confirmed
