"""What a database knows of its installation, and what becomes of who left after a restore (promise 3)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from nkwatch.domain.bounce import Bounced, BounceKind
from nkwatch.domain.bulletin import BulletinKind, Window
from nkwatch.domain.departure import Act, Departure
from nkwatch.domain.installation import Held, Replayed
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import Rhythm, Schedule, Standing, Suppression
from nkwatch.keys import Keyring
from nkwatch.store import schema
from nkwatch.store.bounces import BounceStore
from nkwatch.store.database import Database
from nkwatch.store.departed import DepartedFile
from nkwatch.store.departing import Departing
from nkwatch.store.installation import InstallationStore
from nkwatch.store.subscribers import SubscriberStore
from tests.making import NOW
from tests.store.conftest import KEYRING, Stores
from tests.store.people import ADDRESS, CONSENT, DAY, claim, confirmed, pending, send

HOUR = timedelta(hours=1)
NONE = Replayed()
DAILY = {"schedule": Schedule(Rhythm.DAILY, hour=7)}


@dataclass
class House:
    """A database with the file of who left."""

    stores: Stores
    file: DepartedFile
    roll: SubscriberStore
    bounces: BounceStore

    def store(self, name: str = "") -> InstallationStore:
        """What a process that starts asks."""
        return InstallationStore(self.stores.database, KEYRING, DepartedFile(self.file.path, KEYRING), name)

    async def again(self) -> Replayed:
        """Who leaves at the next start."""
        return (await self.store().open(NOW + 2 * DAY)).replayed

    def standing(self, subscriber_id: str) -> str | None:
        row = schema.subscriber.c
        rows = self.stores.rows(select(row.standing).where(row.id == subscriber_id))
        return rows[0][0] if rows else None

    def as_of_before(self, subscriber_id: str) -> None:
        """This reader had not yet left in the backup."""
        back = update(schema.subscriber).where(schema.subscriber.c.id == subscriber_id)
        with self.stores.database.engine.begin() as connection:
            connection.execute(back.values(standing=Standing.CONFIRMED, ended_at=None, end_reason=""))
            connection.execute(schema.suppression.delete())


@pytest.fixture
def house(durable: Stores, tmp_path: Path) -> House:
    file = DepartedFile(tmp_path / "departed", KEYRING)
    departing = Departing(durable.database, KEYRING, file)
    roll = SubscriberStore(durable.database, KEYRING, departing)
    durable.subscribers = roll
    return House(durable, file, roll, BounceStore(durable.database, KEYRING, departing))


class Broken(Database):
    """A database that is gone when something is to be written."""

    broken = False

    async def write(self, work):
        if self.broken:
            msg = "the disk is gone"
            raise OSError(msg)
        return await super().write(work)


# The lock


async def test_a_new_database_is_bound_to_where_it_is_and_begins_a_file(house: House):
    opened = await house.store().open(NOW)
    assert opened.installed.locked == ""
    assert (opened.missing, opened.replayed) == (False, NONE)
    assert house.file.read().mark == 1
    again = await house.store().open(NOW)
    assert (again.installed.id, again.installed.locked) == (opened.installed.id, "")


async def test_the_database_counts_first_and_the_file_after_it(house: House):
    store = house.store()
    await store.open(NOW)
    await store.mark(NOW + HOUR)
    seen = await store.look()
    assert (seen.marks, seen.marked_at, store.file_mark) == (2, NOW + HOUR, 2)
    assert house.file.read().mark == 2


async def test_a_database_behind_its_file_is_locked_until_it_is_resumed(house: House):
    await house.store().open(NOW)
    house.file.append([Departure(Act.MARK, NOW + DAY, mark=7)])
    opened = await house.store().open(NOW + 2 * DAY)
    assert opened.installed.gap_from == NOW
    assert "--resume-after" in opened.installed.locked
    assert "--resume-after" in (await house.store().open(NOW + 3 * DAY)).installed.locked
    store = house.store()
    await store.resume(NOW + DAY, NOW + 3 * DAY)
    assert (await store.look()).locked == ""
    assert (await store.look()).marks == 8
    assert (await house.store().open(NOW + 3 * DAY)).installed.locked == ""


async def test_a_dry_run_changes_nothing(house: House):
    await house.store().open(NOW)
    house.file.append([Departure(Act.MARK, NOW + DAY, mark=7)])
    reader = await confirmed(house.stores, **DAILY)
    store = house.store()
    await store.open(NOW + 2 * DAY)
    resumed = await store.resume(NOW + DAY, NOW + 2 * DAY, dry=True)
    assert resumed.windows == 1
    assert "--resume-after" in (await store.look()).locked
    assert (await house.roll.find(reader.id))[0].covered_until == reader.covered_until


async def test_a_database_that_is_bound_elsewhere_is_locked_until_it_is_taken_over(house: House):
    await house.store("here").open(NOW)
    there = house.store("there")
    assert "--take-over" in (await there.open(NOW)).installed.locked
    await there.take_over()
    assert (await there.look()).locked == ""
    assert "--take-over" in (await house.store("here").look()).locked


async def test_without_a_name_the_host_is_the_same_at_every_start(house: House):
    assert not (await house.store().open(NOW)).installed.elsewhere
    assert not (await house.store().open(NOW)).installed.elsewhere


async def test_a_file_that_is_gone_is_told_and_begun_anew_and_locks_nothing(house: House):
    store = house.store()
    await store.open(NOW)
    await store.mark(NOW)
    house.file.path.unlink()
    opened = await house.store().open(NOW)
    assert (opened.missing, opened.installed.locked) == (True, "")
    assert house.file.read().mark == 3
    assert not (await house.store().open(NOW)).missing


async def test_without_a_file_there_is_the_binding_alone(durable: Stores):
    store = InstallationStore(durable.database, KEYRING, None)
    opened = await store.open(NOW)
    assert (opened.missing, opened.installed.locked, store.file_mark) == (False, "", 0)
    await store.mark(NOW)


async def test_a_file_that_cannot_be_read_is_told_and_nobody_waits_for_it(house: House):
    house.file.path.mkdir()
    assert (await house.store().open(NOW)).installed.locked == ""
    reader = await confirmed(house.stores)
    assert await house.roll.end(reader.id, "one click", NOW)


async def test_what_keys_are_backed_up_is_kept(house: House):
    store = house.store()
    assert await store.keys() == {}
    await store.note_keys(KEYRING, NOW)
    assert await store.keys() == {1: KEYRING.fingerprint(1)}
    assert KEYRING.fingerprint(1) != Keyring({1: b"x" * 32}, 1).fingerprint(1)


async def test_who_only_looks_changes_nothing(house: House):
    assert await house.store().seen() is None
    await house.store().open(NOW)
    assert (await house.store().seen()).locked == ""


# Who left


Leaving = Callable[[House, str], object]
WAYS: dict[str, tuple[Leaving, Replayed]] = {
    "left": (lambda h, i: h.roll.end(i, "one click", NOW + HOUR), Replayed(ended=1)),
    "erased": (lambda h, i: h.roll.erase(i, Suppression.ERASED, NOW + HOUR), Replayed(erased=1)),
    "suppressed": (lambda h, _: h.roll.suppress(ADDRESS, Suppression.COMPLAINED, NOW + HOUR), Replayed(suppressed=1)),
    "bounced": (
        lambda h, i: h.bounces.end(
            Bounced(i, BounceKind.HARD, "5.1.1", 0), Suppression.BOUNCED, "bounced 5.1.1", NOW + HOUR
        ),
        Replayed(suppressed=1),
    ),
}


@pytest.mark.parametrize("way", WAYS)
async def test_who_left_in_the_file_before_a_crash_leaves_at_the_next_start(way: str, house: House, address: str):
    reader = await confirmed(house.stores)
    leave, replayed = WAYS[way]
    broken = Broken(address)
    departing = Departing(broken, KEYRING, house.file)
    crashing = House(
        house.stores,
        house.file,
        SubscriberStore(broken, KEYRING, departing),
        BounceStore(broken, KEYRING, departing),
    )
    broken.broken = True
    with pytest.raises(OSError, match="gone"):
        await leave(crashing, reader.id)
    broken.close()
    assert house.standing(reader.id) == Standing.CONFIRMED
    assert await house.again() == replayed
    assert house.standing(reader.id) in {None, Standing.ENDED}
    assert await house.again() == NONE


@pytest.mark.parametrize("way", ["left", "suppressed", "bounced"])
async def test_who_left_leaves_again_in_a_backup_and_only_once(way: str, house: House):
    reader = await confirmed(house.stores)
    leave, replayed = WAYS[way]
    await leave(house, reader.id)
    assert await house.again() == NONE
    house.as_of_before(reader.id)
    await send(house.stores, reader, "alert s1")
    assert await house.again() == replayed
    assert house.standing(reader.id) == Standing.ENDED
    assert await claim(house.stores) == []
    assert await house.again() == NONE


async def test_who_was_erased_is_erased_again_and_never_mailed_there(house: House):
    reader = await confirmed(house.stores)
    await house.roll.erase(reader.id, Suppression.ERASED, NOW + HOUR)
    with house.stores.database.engine.begin() as connection:
        connection.execute(schema.suppression.delete())
    assert await house.again() == Replayed(erased=1)
    assert (await house.roll.suppression(ADDRESS))[0] is Suppression.ERASED


async def test_who_left_and_confirmed_again_is_not_ended(house: House):
    reader = await confirmed(house.stores)
    await house.roll.end(reader.id, "one click", NOW + HOUR)
    asked = await pending(house.stores, now=NOW + DAY)
    assert await house.roll.confirm(asked.id, CONSENT, NOW + DAY)
    house.as_of_before(reader.id)
    assert await house.again() == NONE
    assert house.standing(reader.id) == Standing.CONFIRMED


async def test_who_asked_again_in_the_restored_database_is_not_ended(house: House):
    reader = await confirmed(house.stores)
    house.file.append([Departure(Act.LEFT, NOW + HOUR, reader.id, tuple(KEYRING.lookups(ADDRESS)), "one click")])
    with house.stores.database.engine.begin() as connection:
        connection.execute(update(schema.subscriber).values(consent_at=NOW + DAY))
    assert await house.again() == NONE
    assert house.standing(reader.id) == Standing.CONFIRMED


async def test_who_left_after_a_change_of_address_leaves_under_the_old_one_too(house: House):
    reader = await confirmed(house.stores)
    house.file.append([Departure(Act.LEFT, NOW + HOUR, reader.id, tuple(KEYRING.lookups("new@example.org")), "left")])
    assert await house.again() == Replayed(ended=1)


async def test_who_moved_to_the_address_of_somebody_who_left_is_not_ended(house: House):
    first = await confirmed(house.stores, "shared@example.org")
    await house.roll.end(first.id, "one click", NOW + HOUR)
    second = await confirmed(house.stores)
    asked = await house.roll.ask_move(second.id, "shared@example.org", NOW + 2 * HOUR)
    await house.roll.confirm_move(second.id, BulletinKind.MOVE_OLD, asked.asked_at)
    assert (await house.roll.confirm_move(second.id, BulletinKind.MOVE_NEW, asked.asked_at)).complete
    assert await house.again() == NONE
    assert house.standing(second.id) == Standing.CONFIRMED


async def test_who_joined_and_left_since_the_backup_is_not_brought_back_by_an_import(house: House):
    house.file.append([Departure(Act.LEFT, NOW + HOUR, "unknown", tuple(KEYRING.lookups(ADDRESS)), "one click")])
    await house.again()
    joined = await confirmed(house.stores)
    assert house.standing(joined.id) is None
    assert (await house.roll.suppression(ADDRESS))[0] is Suppression.LEFT
    assert await house.again() == NONE


async def test_whom_the_operator_lets_in_again_is_not_suppressed_again(house: House):
    await house.roll.suppress(ADDRESS, Suppression.BOUNCED, NOW)
    assert await house.roll.allow(ADDRESS, NOW)
    assert await house.again() == NONE
    assert await house.roll.suppression(ADDRESS) is None


async def test_a_backup_from_before_a_new_key_knows_who_left_since(house: House):
    reader = await confirmed(house.stores)
    newer = Keyring({1: b"k" * 32, 2: b"n" * 32}, 2)
    file = DepartedFile(house.file.path, newer)
    roll = SubscriberStore(house.stores.database, newer, Departing(house.stores.database, newer, file))
    await roll.end(reader.id, "one click", NOW + HOUR)
    with house.stores.database.engine.begin() as connection:
        values = {"id": "other", "standing": Standing.CONFIRMED, "ended_at": None}
        connection.execute(update(schema.subscriber).values(values))
    store = InstallationStore(house.stores.database, newer, file)
    assert (await store.open(NOW + DAY)).replayed == Replayed(ended=1)


async def test_what_a_complaint_about_a_new_address_says_is_kept_too(house: House):
    reader = await confirmed(house.stores)
    asked = await house.roll.ask_move(reader.id, "new@example.org", NOW)
    number = await send(house.stores, reader, "move", BulletinKind.MOVE_NEW, asked.asked_at)
    assert number == 1
    delivery = house.stores.one(select(schema.delivery.c.id))
    bounced = Bounced(reader.id, BounceKind.COMPLAINT, "", delivery)
    assert not await house.bounces.end(bounced, Suppression.COMPLAINED, "complained", NOW + HOUR)
    assert house.standing(reader.id) == Standing.CONFIRMED
    with house.stores.database.engine.begin() as connection:
        connection.execute(schema.suppression.delete())
    assert await house.again() == Replayed(suppressed=1)
    assert house.standing(reader.id) == Standing.CONFIRMED


async def test_what_somebody_else_says_ends_nothing_and_is_not_written_down(house: House):
    assert not await house.roll.end("nobody", "left", NOW)
    reader = await pending(house.stores)
    bounced = Bounced(reader.id, BounceKind.HARD, "5.1.1", 0)
    assert not await house.bounces.end(bounced, Suppression.BOUNCED, "bounced", NOW)
    assert house.file.read().lines == ()


# The gap


async def test_windows_and_mails_of_the_gap_are_shown_and_not_sent_and_later_ones_go(house: House):
    store = house.store()
    await store.open(NOW - DAY)
    reader = await confirmed(house.stores, now=NOW - HOUR, **DAILY)
    early, late = Window(NOW - DAY, NOW), Window(NOW, NOW + DAY)
    await send(house.stores, reader, "digest 1", BulletinKind.DIGEST, NOW + 2 * DAY, window=early)
    await send(house.stores, reader, "alert s1", date=NOW)
    assert len(await claim(house.stores, NOW + 2 * DAY)) == 2
    resumed = await store.resume(NOW + HOUR, NOW + 2 * DAY)
    assert [(h.kind, h.readers, h.window_end) for h in resumed.bulletins] == [
        ("alert", 1, None),
        ("digest", 1, NOW),
    ]
    assert isinstance(resumed.bulletins[0], Held)
    states = house.stores.rows(select(schema.delivery.c.state, schema.delivery.c.slots))
    assert states == [("cancelled", None), ("cancelled", None)]
    at = (await house.roll.find(reader.id))[0]
    assert at.covered_until == NOW
    assert (await house.roll.closing(NOW + DAY, 9))[0].id == reader.id
    await send(house.stores, at, "digest 2", BulletinKind.DIGEST, NOW + DAY, window=late)
    await send(house.stores, at, "alert s2", date=NOW + 2 * HOUR)
    assert len(await claim(house.stores, NOW + 3 * DAY)) == 2


async def test_a_digest_that_closed_since_over_more_than_the_gap_is_written_anew_without_it(house: House):
    store = house.store()
    await store.open(NOW - DAY)
    reader = await confirmed(house.stores, now=NOW - HOUR, **DAILY)
    whole = Window(NOW - DAY, NOW + 3 * DAY)
    await send(house.stores, reader, "digest 1", BulletinKind.DIGEST, NOW + 3 * DAY, window=whole, covered=(reader,))
    assert (await house.roll.find(reader.id))[0].covered_until == whole.end
    resumed = await store.resume(NOW + DAY + HOUR, NOW + 3 * DAY + HOUR)
    assert (resumed.windows, resumed.rewritten, resumed.bulletins) == (0, 1, ())
    assert await claim(house.stores, NOW + 4 * DAY) == []
    at = (await house.roll.find(reader.id))[0]
    assert at.covered_until == NOW + DAY
    rest = Window(NOW + DAY, whole.end)
    await send(house.stores, at, "digest 2", BulletinKind.DIGEST, NOW + 3 * DAY, window=rest, covered=(at,))
    assert len(await claim(house.stores, NOW + 4 * DAY)) == 1


async def test_stories_of_the_gap_are_dated_to_when_they_were_published_and_their_alerts_wait_for_editors(
    house: House,
):
    store = house.store()
    await store.open(NOW)
    ready = NOW + 2 * DAY
    with house.stores.database.engine.begin() as connection:
        for name, published in (("before", NOW - DAY), ("in", NOW + HOUR), ("after", NOW + DAY)):
            row = {"id": f"s{name}", "ready_at": ready, "alert": AlertState.RELEASED}
            connection.execute(schema.story.insert().values(row))
            connection.execute(schema.statement.insert().values(_statement(name, published)))
    resumed = await store.resume(NOW + 3 * HOUR, ready)
    assert (resumed.stories, resumed.alerts) == (2, 2)
    row = schema.story.c
    found = {r.id: (r.ready_at, r.alert) for r in house.stores.rows(select(row.id, row.ready_at, row.alert))}
    assert found == {
        "sbefore": (NOW, "held"),
        "sin": (NOW + HOUR, "held"),
        "safter": (ready, "released"),
    }


def _statement(name: str, published):
    wanted = {"id": name, "published": published, "story_id": f"s{name}", "first_seen": NOW + 2 * DAY}
    for column in schema.statement.columns:
        if column.name not in wanted and not column.nullable and column.server_default is None:
            kind = column.type.python_type
            wanted[column.name] = f"{column.name} {name}" if kind is str else NOW if "date" in kind.__name__ else kind()
    return wanted
