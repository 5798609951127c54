"""How many may subscribe: of one network, of one domain, in all."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.config import SignUpSettings
from nkwatch.web.limits import LOOKS, Gate, network_of
from tests.making import NOW


class Clock:
    def __init__(self):
        self.now = NOW + timedelta(minutes=10)

    def __call__(self):
        return self.now


class Roll:
    """Counts who joined by domain, as the database does."""

    def __init__(self):
        self.joined = []

    async def joined_since(self, address, since):
        domain = address.rpartition("@")[2]
        return sum(known == domain and at >= since for known, at in self.joined)


class Door:
    """A gate, and somebody who tries to get in."""

    def __init__(self, **limits):
        self.clock, self.roll = Clock(), Roll()
        self.gate = Gate(SignUpSettings(**limits), self.clock, self.roll)

    async def join(self, host="192.0.2.1", address="ann@inbox.example"):
        again = await self.gate.join(host, address)
        if again is None:
            self.roll.joined.append((address.rpartition("@")[2], self.clock.now))
        return again


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("::ffff:192.0.2.1", "192.0.2.9", True),
        ("2001:db8:1:2::1", "2001:db8:1:ffff::9", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("", "", True),
        ("unix", "192.0.2.1", False),
    ],
)
def test_a_network_is_a_24_or_a_48(one, other, same):
    assert (network_of(one) == network_of(other)) is same


@given(st.text())
def test_no_host_is_too_odd_for_a_network(host):
    network_of(host)


async def test_one_network_may_join_so_often_in_an_hour_and_then_again_in_the_next():
    door = Door(per_network=2)
    assert [await door.join(f"192.0.2.{n}") for n in range(3)] == [None, None, NOW + timedelta(hours=1)]
    assert await door.join("198.51.100.1") is None
    door.clock.now = NOW + timedelta(hours=1)
    assert await door.join("192.0.2.7") is None


async def test_one_domain_may_join_so_often_in_a_day_from_wherever():
    door = Door(per_domain=2)
    answers = [await door.join(f"192.0.{n}.1", f"reader{n}@inbox.example") for n in range(3)]
    assert answers == [None, None, (NOW + timedelta(days=1)).replace(hour=0)]
    assert await door.join("192.0.9.1", "ann@other.example") is None
    door.clock.now += timedelta(days=1)
    assert await door.join("192.0.9.1") is None


async def test_only_so_many_may_join_in_all_in_a_day():
    door = Door(total=3)
    answers = [await door.join(f"192.0.{n}.1", f"ann@inbox{n}.example") for n in range(4)]
    assert answers == [None, None, None, (NOW + timedelta(days=1)).replace(hour=0)]
    door.clock.now += timedelta(days=1)
    assert await door.join() is None


async def test_who_is_turned_away_does_not_count():
    door = Door(per_network=1, total=2)
    for _ in range(9):
        await door.join()
    assert await door.join("198.51.100.1") is None


async def test_looking_has_a_limit_of_its_own():
    door = Door(per_network=1)
    assert [door.gate.look("192.0.2.1") for _ in range(LOOKS)] == [None] * LOOKS
    assert door.gate.look("192.0.2.2") == NOW + timedelta(hours=1)
    assert await door.join() is None


@pytest.mark.parametrize("limit", ["per_network", "per_domain", "total"])
def test_a_limit_of_nothing_closes_the_gate(limit):
    assert Door(**{limit: 0}).gate.closed
    assert not Door().gate.closed


async def test_networks_are_kept_only_as_hashes_that_change_daily():
    door = Door()
    await door.join()
    (first,) = door.gate._joined
    assert b"192" not in first
    door.clock.now += timedelta(days=1)
    await door.join()
    assert list(door.gate._joined) != [first]
