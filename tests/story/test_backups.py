"""Backups, and what becomes of readers when one is put back (promises 1 and 3)."""

import asyncio
import json
import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta

import pytest
from tests.making import NOW, composition, sign_up
from tests.story.commands import answered, done, opened, refused, run

from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing, Window
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule, Standing, Suppression
from nkwatch.store import backup as backups

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAILY = Schedule(Rhythm.DAILY, hour=7)


async def subscribe(installation, *names: str) -> list[str]:
    async with opened(installation) as newsroom:
        joined = [
            await newsroom.subscribers.join(
                sign_up(f"{n}@example.org", schedule=DAILY), Consent("form", NOW - DAY), NOW - DAY
            )
            for n in names
        ]
        return [j.subscriber.id for j in joined]


async def digest(newsroom, ids, number: int, window: Window) -> None:
    subscribers = [(await newsroom.subscribers.find(i))[0] for i in ids]
    content = composition(f"digest {number}", BulletinKind.DIGEST)
    addressed = tuple(Addressed(s, content) for s in subscribers)
    await newsroom.outbox.enqueue(Mailing(f"digest {number}", BulletinKind.DIGEST, newsroom.clock(), addressed, window))


async def send(newsroom) -> int:
    """One round of both lanes, to a folder."""
    return (await newsroom.deliver()).sent


def to_folder(installation) -> None:
    installation.write(port=2)
    text = installation.settings.read_text()
    installation.settings.write_text(text.replace('sender = "digest', 'to = "maildir:out"\nsender = "digest'))


async def backed_up(installation, *more: str) -> dict:
    to_folder(installation)
    await done(installation, "keys", "backup", "--done")
    return await answered(installation, "db", "backup", str(installation.folder / "backups"), *more)


async def test_who_left_since_a_backup_that_is_copied_back_is_not_mailed_and_the_gap_is_not_sent_again(installation):
    to_folder(installation)
    database = installation.folder / "nkwatch.db"
    ann, ben = await subscribe(installation, "ann", "ben")
    async with opened(installation) as newsroom:
        await digest(newsroom, [ann, ben], 1, Window(NOW - DAY, NOW))
        assert await send(newsroom) == 2
    shutil.copy(database, installation.folder / "copied")
    installation.clock.now += DAY
    async with opened(installation) as newsroom:
        await digest(newsroom, [ann, ben], 2, Window(NOW, NOW + DAY))
        assert await send(newsroom) == 2
        await newsroom.subscribers.end(ann, "one click", newsroom.clock())
    shutil.copy(installation.folder / "copied", database)

    installation.clock.now += HOUR
    async with opened(installation) as newsroom:
        await digest(newsroom, [ann, ben], 2, Window(NOW, NOW + DAY))
        assert await send(newsroom) == 0
        assert "--resume-after" in await newsroom.lock.locked()
        assert (await newsroom.subscribers.find(ann))[1] is Standing.ENDED
    assert "nothing was sent" in await refused(installation, "deliver")
    resume = ["deliver", "--resume-after", (NOW + DAY).isoformat()]
    shown = await answered(installation, *resume, "--dry-run")
    assert [(b["kind"], b["readers"]) for b in shown["bulletins"]] == [("digest", 1)]
    assert "nothing was sent" in await refused(installation, "deliver")
    assert (await answered(installation, *resume))["not_sent"] == 1

    assert await answered(installation, "deliver") == {"sent": 0, "deferred": 0, "refused": 0, "unknown": 0}
    installation.clock.now += DAY
    async with opened(installation) as newsroom:
        assert [s.id for s in await newsroom.subscribers.closing(newsroom.clock(), 9)] == [ben]
        await digest(newsroom, [ann, ben], 3, Window(NOW + DAY, NOW + 2 * DAY))
        assert await send(newsroom) == 1


async def test_a_backup_is_written_while_others_write_and_is_put_back_under_a_lock(installation):
    to_folder(installation)
    (ann,) = await subscribe(installation, "ann")
    made = await backed_up(installation)
    file = installation.folder / "backups" / made["file"].rsplit("/", 1)[-1]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made["manifest"]["rows"]["subscriber"] == 1
    assert list(made["manifest"]["keys"]) == ["1"]
    await subscribe(installation, "ben")
    async with opened(installation) as newsroom:
        await newsroom.subscribers.erase(ann, Suppression.ERASED, newsroom.clock())

    back = await answered(installation, "db", "restore", str(file))
    assert back["manifest"] == made["manifest"]
    with closing(sqlite3.connect(back["kept"])) as kept:
        assert kept.execute("SELECT count(*) FROM subscriber").fetchone() == (1,)
    async with opened(installation) as newsroom:
        assert "a backup" in await newsroom.lock.locked()
        assert await newsroom.subscribers.find(ann) is None
        assert (await newsroom.subscribers.suppression("ann@example.org"))[0] is Suppression.ERASED
    assert not [*installation.folder.glob("*restoring*"), *installation.folder.glob("*copy*")]


async def test_writers_do_not_disturb_a_backup(installation):
    to_folder(installation)
    await subscribe(installation, "ann")
    await done(installation, "keys", "backup", "--done")
    async with opened(installation) as newsroom:
        stop = asyncio.Event()

        async def write() -> int:
            count = 0
            while not stop.is_set():
                await newsroom.subscribers.suppress(f"r{count}@example.org", Suppression.LEFT, NOW)
                count += 1
            return count

        writing = asyncio.create_task(write())
        made = await answered(installation, "db", "backup", str(installation.folder / "b"))
        stop.set()
        written = await writing
    assert 0 <= made["manifest"]["rows"]["suppression"] <= written
    assert written > 0


async def test_an_encrypted_backup_needs_its_key_and_shows_every_change(installation):
    to_folder(installation)
    await subscribe(installation, "ann")
    secret = installation.folder / "backup.key"
    public = (await done(installation, "db", "key", str(secret))).strip()
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    made = await backed_up(installation, "--encrypt", public)
    assert made["file"].endswith(".age")
    assert "--key" in await refused(installation, "db", "restore", made["file"])
    other = installation.folder / "other.key"
    await done(installation, "db", "key", str(other))
    assert "this key" in await refused(installation, "db", "restore", made["file"], "--key", str(other))
    to = installation.folder / "there.db"
    await answered(installation, "db", "restore", made["file"], "--key", str(secret), "--to", str(to))
    assert to.read_bytes()[:6] == b"SQLite"
    octets = bytearray((installation.folder / "backups" / made["file"].rsplit("/", 1)[-1]).read_bytes())
    for broken in (octets[:-40], octets[:200], bytes(octets[:-1]) + bytes([octets[-1] ^ 1])):
        (installation.folder / "broken").write_bytes(broken)
        said = await refused(installation, "db", "restore", str(installation.folder / "broken"), "--key", str(secret))
        assert "cannot be decrypted" in said


@pytest.mark.parametrize("cut", [0, 5, 200, -10])
async def test_a_plain_backup_that_is_not_whole_is_refused(installation, cut: int):
    made = await backed_up(installation)
    octets = (installation.folder / "backups" / made["file"].rsplit("/", 1)[-1]).read_bytes()
    (installation.folder / "broken").write_bytes(octets[:cut])
    before = (installation.folder / "nkwatch.db").read_bytes()
    await refused(installation, "db", "restore", str(installation.folder / "broken"))
    assert (installation.folder / "nkwatch.db").read_bytes() == before


def test_what_lies_in_the_way_of_a_backup_is_neither_followed_nor_shared(tmp_path):
    # somebody who may write where backups lie cannot have one written over another file, or into one of theirs
    behind, way = tmp_path / "behind", tmp_path / "nkwatch.db.zst"
    behind.write_text("precious")
    way.symlink_to(behind)
    backups.private(way)
    assert (way.is_symlink(), way.read_bytes(), behind.read_text()) == (False, b"", "precious")
    way.chmod(0o666)
    backups.private(way)
    assert stat.S_IMODE(way.stat().st_mode) == 0o600


async def test_a_backup_asks_for_a_backup_of_the_keys_and_names_them(installation):
    to_folder(installation)
    await subscribe(installation, "ann")
    to = str(installation.folder / "b.db.zst")
    assert "nkwatch keys backup" in await refused(installation, "db", "backup", to)
    copy = installation.folder / "copy.toml"
    assert (await answered(installation, "keys", "backup", str(copy)))["keys"] == [1]
    assert copy.read_text() == (installation.folder / "nkwatch.secrets.toml").read_text()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert "already there" in await refused(installation, "keys", "backup", str(copy), code=2)
    await done(installation, "db", "backup", to)
    await done(installation, "keys", "new")
    assert "master keys 2" in await refused(installation, "db", "backup", to, "--force")
    await done(installation, "db", "backup", to, "--force", "--without-keys-check")


async def test_a_backup_does_not_fit_other_keys(installation):
    await subscribe_and_secrets(installation)
    made = await backed_up(installation)
    secrets = installation.folder / "nkwatch.secrets.toml"
    secrets.unlink()
    to_folder(installation)
    said = await refused(installation, "db", "restore", made["file"])
    assert "does not have the keys" in said


async def subscribe_and_secrets(installation) -> None:
    to_folder(installation)
    await subscribe(installation, "ann")


async def test_a_backup_overwrites_nothing_and_older_ones_go_when_asked(installation):
    folder = installation.folder / "backups"
    await backed_up(installation)
    assert "already there" in await refused(installation, "db", "backup", str(folder))
    for _ in range(3):
        installation.clock.now += DAY
        await done(installation, "db", "backup", str(folder))
    (folder / "notes.txt").write_text("mine")
    installation.clock.now += DAY
    shown = await answered(installation, "db", "backup", str(folder), "--keep", "2", "--dry-run")
    assert len(shown["deleted"]) == 3
    assert len([*folder.iterdir()]) == 5
    assert (await answered(installation, "db", "backup", str(folder), "--keep", "2"))["deleted"] == shown["deleted"]
    assert sorted(p.name[:16] for p in folder.iterdir()) == ["nkwatch-20261125", "nkwatch-20261126", "notes.txt"]


async def test_a_database_in_use_is_not_replaced(installation):
    made = await backed_up(installation)
    async with opened(installation):
        assert "stop nkwatch first" in await refused(installation, "db", "restore", made["file"])


async def test_a_database_that_moved_to_another_host_is_taken_over_by_name(installation):
    to_folder(installation)
    await subscribe(installation, "ann")
    async with opened(installation) as newsroom:
        assert await newsroom.lock.locked() == ""
    text = installation.settings.read_text()
    installation.settings.write_text(text + '\n[installation]\nhost = "second"\n')
    assert "--take-over" in await refused(installation, "deliver")
    assert "--take-over" in await refused(installation, "deliver", "--resume-after", NOW.isoformat())
    _, told, _ = await run(installation, "doctor", "--json")
    locked = [f for f in json.loads(told)["findings"] if "locked" in f["found"] and f["severity"] == "wrong"]
    assert len(locked) == 1
    await done(installation, "deliver", "--take-over")
    await done(installation, "deliver")
    assert "not locked" in await refused(installation, "deliver", "--resume-after", NOW.isoformat())


async def test_times_that_make_no_sense_are_refused(installation):
    to_folder(installation)
    await refused(installation, "deliver", "--resume-after", "yesterday", code=2)
    await refused(installation, "deliver", "--dry-run", code=2)


async def test_postgresql_is_left_to_its_own_tools(installation):
    to_folder(installation)
    text = installation.settings.read_text().replace("sqlite:///nkwatch.db", "postgresql://me:hidden@localhost/x")
    installation.settings.write_text(text)
    said = await refused(installation, "db", "backup")
    assert "pg_dump" in said
    assert "hidden" not in said
