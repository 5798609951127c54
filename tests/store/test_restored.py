"""Whatever happened since a backup: nobody who had left is mailed, and doing it twice changes nothing (promise 3)."""

import asyncio
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nkwatch.domain.installation import Replayed
from nkwatch.domain.subscriber import Consent, Standing, Suppression
from nkwatch.store.database import Database
from nkwatch.store.departed import DepartedFile
from nkwatch.store.departing import Departing
from nkwatch.store.installation import InstallationStore
from nkwatch.store.subscribers import SubscriberStore
from tests.making import NOW, sign_up
from tests.store.conftest import KEYRING

ADDRESSES = [f"r{n}@example.org" for n in range(3)]
STEPS = st.tuples(st.sampled_from(["join", "leave", "erase", "bounce", "allow"]), st.sampled_from(ADDRESSES))


class Life:
    """One installation through its days, with a clock that counts steps."""

    def __init__(self, folder: Path) -> None:
        self.path, self.now = folder / "nkwatch.db", NOW
        self.file = DepartedFile(folder / "departed", KEYRING)
        self.open()

    def open(self) -> None:
        self.database = Database(f"sqlite:///{self.path}")
        self.roll = SubscriberStore(self.database, KEYRING, Departing(self.database, KEYRING, self.file))

    async def step(self, what: str, address: str) -> None:
        self.now += timedelta(hours=1)
        found = await self.roll.find_address(address)
        match what:
            case "join":
                joined = await self.roll.join(sign_up(address), None, self.now)
                await self.roll.confirm(joined.subscriber.id, Consent("form", self.now), self.now)
            case "leave" if found:
                await self.roll.end(found, "one click", self.now)
            case "erase" if found:
                await self.roll.erase(found, Suppression.ERASED, self.now)
            case "bounce":
                await self.roll.suppress(address, Suppression.BOUNCED, self.now)
            case "allow":
                await self.roll.allow(address, self.now)

    async def mailed(self, address: str) -> bool:
        found = await self.roll.find_address(address)
        return bool(found) and (await self.roll.find(found))[1] is Standing.CONFIRMED

    async def replayed(self) -> Replayed:
        return (await InstallationStore(self.database, KEYRING, self.file).open(self.now)).replayed


async def _live(prepared: Path, before: list[tuple[str, str]], after: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(prepared, folder / "nkwatch.db")
        life = Life(folder)
        for step in before:
            await life.step(*step)
        had = {a: await life.mailed(a) for a in ADDRESSES}
        life.database.close()
        shutil.copy(life.path, folder / "backup")
        life.open()
        for step in after:
            await life.step(*step)
        wanted = {a: await life.mailed(a) for a in ADDRESSES}
        assert await life.replayed() == Replayed()
        life.database.close()
        shutil.copy(folder / "backup", life.path)
        life.open()
        await life.replayed()
        for address in ADDRESSES:
            # who was mailed at both times still is; who was not at the end is not, whatever the backup says
            assert await life.mailed(address) <= wanted[address]
            left = any(step in after for step in (("leave", address), ("erase", address), ("bounce", address)))
            assert await life.mailed(address) or not had[address] or left
        assert await life.replayed() == Replayed()
        life.database.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(STEPS, max_size=6), st.lists(STEPS, max_size=8))
def test_after_any_restore_nobody_is_mailed_who_had_left(
    prepared_file: Path, before: list[tuple[str, str]], after: list[tuple[str, str]]
):
    asyncio.run(_live(prepared_file, before, after))
