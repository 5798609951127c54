"""Taking over a roll of readers: the plan, the warm-up, and doing it (promise 3)."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.subscriber import Consent, Standing, Suppression
from nkwatch.workflow.import_roll import (
    Add,
    Ask,
    Imported,
    ImportRoll,
    Known,
    Row,
    Skip,
    Suppress,
    key,
    plan,
    warm_up_day,
)
from nkwatch.workflow.subscribe import Subscribe
from tests.making import NOW, choice
from tests.workflow.fakes import FakeClock, PlainComposer
from tests.workflow.memory import Memory, MemoryOutbox, MemorySubscribers

DAY = timedelta(days=1)
FORM = Consent("form of 2024", NOW - 100 * DAY)


def row(name: str = "ann", **fields) -> Row:
    return Row(**({"place": f"line of {name}", "address": f"{name}@example.org"} | fields))


def planned(*rows: Row, known: Known | None = None, per_day: int = 0):
    return plan(rows, {key("ann@example.org"): known} if known else {}, NOW, per_day)


def test_who_consented_is_subscribed_and_everybody_else_is_asked():
    chosen = choice(language="ko")
    asked, added = row("ann", choice=chosen), row("ben", consent=FORM)
    one, other = planned(asked, added)
    assert isinstance(one, Add)
    assert (one.sign_up.address, one.consent, one.paused_until) == ("ben@example.org", FORM, None)
    assert isinstance(other, Ask)
    assert (other.sign_up.choice, other.not_before) == (chosen, None)


def test_a_consent_from_the_future_is_none():
    (action,) = planned(row(consent=Consent("form", NOW + DAY)))
    assert isinstance(action, Ask)


@pytest.mark.parametrize(
    ("known", "consent", "why"),
    [
        (Known(Standing.CONFIRMED), None, "is subscribed already"),
        (Known(Standing.CONFIRMED), FORM, "is subscribed already"),
        (Known(Standing.ENDED), FORM, "left here"),
        (Known(Standing.PENDING), None, "has been asked already"),
        (Known(suppression=Suppression.LEFT), FORM, "is not to be mailed here: left"),
        (Known(suppression=Suppression.ERASED), None, "is not to be mailed here: erased"),
        (Known(Standing.PENDING, Suppression.BOUNCED), FORM, "is not to be mailed here: bounced"),
    ],
)
def test_who_is_known_is_neither_changed_nor_asked_nor_brought_back(known, consent, why):
    assert planned(row(consent=consent), known=known) == [Skip("line of ann", why)]


def test_who_was_asked_here_and_consented_elsewhere_is_subscribed():
    (action,) = planned(row(consent=FORM), known=Known(Standing.PENDING))
    assert isinstance(action, Add)


@pytest.mark.parametrize("known", [Known(), Known(Standing.PENDING), Known(Standing.CONFIRMED, None, NOW - 9 * DAY)])
def test_who_left_elsewhere_is_suppressed_and_a_subscription_from_before_ends(known):
    since = NOW - 5 * DAY
    assert planned(row(left=Suppression.LEFT, left_at=since), known=known) == [
        Suppress("line of ann", "ann@example.org", Suppression.LEFT, since)
    ]


def test_who_subscribed_here_after_leaving_elsewhere_stays():
    known = Known(Standing.CONFIRMED, None, NOW - DAY)
    (left,) = planned(row(left=Suppression.LEFT, left_at=NOW - 5 * DAY), known=known)
    (bounced,) = planned(row(left=Suppression.BOUNCED, left_at=NOW - 5 * DAY), known=known)
    (complained,) = planned(row(left=Suppression.COMPLAINED, left_at=NOW - 5 * DAY), known=known)
    (unknown,) = planned(row(left=Suppression.LEFT), known=known)
    assert left == bounced == Skip("line of ann", "subscribed here after leaving there")
    assert isinstance(complained, Suppress)
    assert isinstance(unknown, Suppress)


@pytest.mark.parametrize("has", Suppression)
@pytest.mark.parametrize("why", Suppression)
def test_what_is_suppressed_stays_so_and_only_what_is_lighter_is_outdone(has, why):
    (action,) = planned(row(left=why), known=Known(suppression=has))
    assert isinstance(action, Suppress) == (has.weight < why.weight)


def test_an_address_that_stands_there_twice_is_taken_once_and_leaving_comes_first():
    reading, consented = row("ann"), row("ANN", consent=FORM, place="second")
    left, bounced = (row("Ann", left=w, place=str(w)) for w in (Suppression.LEFT, Suppression.BOUNCED))
    action, *repeated = planned(reading, consented)
    assert isinstance(action, Add)
    assert repeated == [Skip("line of ann", "the same address stands at second")]
    action, *repeated = planned(reading, left, consented, bounced, left)
    assert isinstance(action, Suppress)
    assert action.why is Suppression.BOUNCED
    assert len(repeated) == 4


def test_first_mails_are_spread_over_days_the_latest_consent_first_and_requests_last():
    asked = [row(f"asked{n}") for n in range(3)]
    added = [row(f"added{n}", consent=Consent("form", NOW - (9 - n) * DAY)) for n in range(6)]
    actions = planned(*asked, *added, per_day=2)
    days = [
        (a.sign_up.address.partition("@")[0], a.paused_until if isinstance(a, Add) else a.not_before) for a in actions
    ]
    first, second, third = None, NOW + DAY, NOW + 2 * DAY
    assert days == [
        ("added5", first), ("added4", first),
        ("added3", second), ("added2", second), ("added1", second), ("added0", second),
        ("asked0", third), ("asked1", third), ("asked2", third),
    ]  # fmt: skip


def test_a_pause_that_lasts_longer_than_the_warm_up_stays():
    later, sooner = NOW + 30 * DAY, NOW - DAY
    one, other = planned(
        row("ann", consent=FORM, paused_until=later), row("ben", consent=FORM, paused_until=sooner), per_day=1
    )
    assert (one.paused_until, other.paused_until) == (later, NOW + DAY)


@given(st.integers(1, 1000), st.integers(0, 100_000))
def test_no_day_of_the_warm_up_brings_more_than_twice_the_day_before(per_day, readers):
    days = Counter(warm_up_day(n, per_day) for n in range(min(readers, 20 * per_day)))
    for day, times in days.items():
        assert times <= per_day * 2**day
        assert day == 0 or days[day - 1] == per_day * 2 ** (day - 1)


def test_without_a_limit_everybody_begins_today():
    assert {warm_up_day(n, 0) for n in range(1000)} == {0}


class Desk:
    """A roll, an outbox, and what imports into them."""

    def __init__(self) -> None:
        self.memory, self.clock = Memory(), FakeClock()
        self.roll = MemorySubscribers(self.memory)
        subscribe = Subscribe(self.roll, MemoryOutbox(self.memory), PlainComposer(), self.clock)
        self.importing = ImportRoll(self.roll, subscribe, self.clock)

    async def run(self, *rows: Row, per_day: int = 0) -> Imported:
        known = {
            key(r.address): Known(r.standing, None, r.consent.given_at if r.consent else None)
            for r in self.memory.readers.values()
        }
        for address, (why, _) in self.memory.suppressions.items():
            known[key(address)] = Known(suppression=why)
        return await self.importing(plan(rows, known, self.clock(), per_day))

    @property
    def standings(self) -> dict[str, Standing]:
        return {r.address.partition("@")[0]: r.standing for r in self.memory.readers.values()}


ROLL = (
    row("ann", consent=FORM),
    row("ben"),
    row("eve", left=Suppression.LEFT, left_at=NOW - DAY),
    row("dan", left=Suppression.BOUNCED),
    row("ann"),
)


async def test_a_roll_is_taken_over_once_however_often_it_is_imported():
    desk = Desk()
    assert await desk.run(*ROLL) == Imported(added=1, asked=1, suppressed=2, skipped=1)
    assert desk.standings == {"ann": Standing.CONFIRMED, "ben": Standing.PENDING}
    before = (desk.standings, len(desk.memory.deliveries), dict(desk.memory.suppressions))
    desk.clock.forward(days=1)
    assert await desk.run(*ROLL) == Imported(skipped=5)
    assert (desk.standings, len(desk.memory.deliveries), dict(desk.memory.suppressions)) == before
    assert [d.kind for d in desk.memory.deliveries] == [BulletinKind.CONFIRMATION]


async def test_consent_is_kept_as_it_was_given_and_the_choice_with_it():
    desk = Desk()
    await desk.run(row(consent=FORM, choice=choice(language="ja", alerts=False)))
    (reader,) = desk.memory.readers.values()
    assert reader.consent == FORM
    assert reader.subscriber.choice == choice(language="ja", alerts=False)


async def test_who_waits_for_a_day_of_the_warm_up_is_paused_until_then_and_asked_then():
    desk = Desk()
    await desk.run(row("ann", consent=FORM), row("ben", consent=FORM), row("eve"), per_day=1)
    paused = {r.address: r.subscriber.paused_until for r in desk.memory.readers.values()}
    assert paused == {"ann@example.org": None, "ben@example.org": NOW + DAY, "eve@example.org": None}
    (asked,) = desk.memory.deliveries
    assert asked.delivery.due_at == NOW + DAY


async def test_who_left_elsewhere_loses_the_subscription_here():
    desk = Desk()
    await desk.run(row(consent=FORM))
    await desk.run(row(left=Suppression.LEFT, left_at=NOW - DAY))
    assert desk.standings == {"ann": Standing.ENDED}
    assert desk.memory.suppressions["ann@example.org"][0] is Suppression.LEFT


async def test_who_is_suppressed_while_the_import_runs_is_not_subscribed():
    desk = Desk()
    actions = plan([row(consent=FORM)], {}, NOW, 0)
    await desk.roll.suppress("ann@example.org", Suppression.ERASED, NOW)
    assert await desk.importing(actions) == Imported(overtaken=1)
    assert Standing.CONFIRMED not in desk.standings.values()


async def test_who_subscribes_while_the_import_runs_is_not_asked():
    desk = Desk()
    actions = plan([row()], {}, NOW, 0)
    await desk.run(row(consent=FORM))
    assert await desk.importing(actions) == Imported(overtaken=1)
    assert desk.standings == {"ann": Standing.CONFIRMED}


async def test_progress_is_told_row_by_row():
    desk, told = Desk(), []
    await desk.importing(plan(ROLL, {}, NOW, 0), lambda done, of: told.append((done, of)))
    assert told == [(n, 5) for n in range(1, 6)]


def test_no_action_shows_an_address():
    assert "example.org" not in repr(plan(ROLL, {}, NOW, 0))
