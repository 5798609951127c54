"""The halt that asks whether anybody could write in our name, and how often it asks."""

from datetime import UTC, datetime, timedelta

import pytest

from nkwatch.domain.posture import Absent, Answered, Identity, Severity, SigningKey, Unreached
from nkwatch.workflow.posture import Posture, looked_at

HOME = "watch.org.zz"
KEY = SigningKey(HOME, "s1", "rsa", b"a public key")
US = Identity(f"digest@{HOME}", HOME, HOME, (KEY,))
NEUTRAL = Identity("list@reading.zz", "reading.zz", HOME, (SigningKey("reading.zz", "s1", "rsa", b"another"),))
POLICY = f"_dmarc.{HOME}"
REJECT, NONE = Answered(("v=DMARC1; p=reject",)), Answered(("v=DMARC1; p=none",))


class Dns:
    def __init__(self, records=None):
        self.records = {POLICY: REJECT, **(records or {})}
        self.asked = []
        self.down = False

    async def txt(self, name):
        self.asked.append(name)
        return Unreached("No name server answered in time.") if self.down else self.records.get(name, Absent())


class Desk:
    """A halt, its clock, and what the operator was told."""

    def __init__(self, *identities, off=False):
        self.now, self.told, self.dns = datetime(2026, 11, 22, tzinfo=UTC), [], Dns()
        self.halt = Posture(
            self.dns,
            identities or (US,),
            lambda: self.now,
            lambda event, **facts: self.told.append((event, facts)),
            off,
        )

    async def __call__(self, minutes=0):
        """What the halt says after so many minutes, and how many names it looked up."""
        self.now += timedelta(minutes=minutes)
        before = len(self.dns.asked)
        return await self.halt(), len(self.dns.asked) - before


@pytest.fixture
def desk():
    return Desk()


async def test_a_good_answer_holds_for_an_hour(desk):
    assert await desk() == ("", 5)
    assert await desk(59) == ("", 0)
    assert await desk(1) == ("", 5)


async def test_bulk_stops_while_anybody_can_write_in_our_name_and_goes_ten_minutes_after_that_is_mended(desk):
    desk.dns.records[POLICY] = NONE
    said, _ = await desk()
    assert said.startswith(f"Anybody can send mail in the name of digest@{HOME}: {POLICY} says p=none")
    desk.dns.records[POLICY] = REJECT
    assert await desk(9) == (said, 0)
    assert await desk(1) == ("", 5)


async def test_without_dns_nothing_stops_and_the_operator_is_told_once(desk):
    desk.dns.down = True
    assert (await desk())[0] == (await desk(10))[0] == (await desk(10))[0] == ""
    assert len(desk.told) == 1
    desk.dns.down = False
    await desk(10)
    desk.dns.down = True
    await desk(60)
    assert len(desk.told) == 2


async def test_what_was_wrong_stays_so_until_the_dns_says_otherwise(desk):
    desk.dns.records[POLICY] = NONE
    said, _ = await desk()
    desk.dns.down = True
    assert await desk(10) == (said, 5)


async def test_a_clock_that_was_set_back_makes_it_ask_again(desk):
    await desk()
    assert await desk(-600) == ("", 5)


async def test_each_identity_must_be_safe(desk):
    desk = Desk(US, NEUTRAL)
    said, _ = await desk()
    assert "list@reading.zz" in said
    desk.dns.records["_dmarc.reading.zz"] = REJECT
    assert (await desk(10))[0] == ""


@pytest.mark.parametrize("domain", ["watch.example", "localhost", "example.org", "watch.test"])
async def test_reserved_domains_are_asked_about_nowhere(domain):
    desk = Desk(Identity(f"digest@{domain}", domain, domain))
    assert await desk() == ("", 0)
    assert await looked_at(desk.dns, Identity(f"digest@{domain}", domain, domain)) == []


async def test_an_operator_may_send_all_the_same():
    desk = Desk(off=True)
    desk.dns.records[POLICY] = NONE
    assert await desk() == ("", 0)


async def test_all_that_was_found_can_be_told(desk):
    found = await looked_at(desk.dns, US)
    assert {f.severity for f in found} == {Severity.FINE, Severity.WRONG, Severity.ADVICE}
