"""A newsroom with many confirmed readers, for benchmarks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from nkwatch.assembly import Newsroom, open_newsroom, utc_now
from nkwatch.config import Config, MailSettings, Secrets, SiteSettings
from nkwatch.domain.subscriber import Consent, SignUp
from nkwatch.keys import new_master_key


@asynccontextmanager
async def newsroom_of_readers(folder: Path, count: int) -> AsyncIterator[Newsroom]:
    """`count` confirmed readers on SQLite in `folder`; the paths that end each are written to `folder/paths`.

    The path of one who has left already is in `folder/repeated`.
    """
    config = _config(folder / "nkwatch.db")
    async with open_newsroom(config, Secrets(current=1, keys={1: new_master_key()}), shipped=False) as newsroom:
        paths = []
        for number in range(count):
            sign_up = SignUp(f"reader{number}@readers.example")
            joining = await newsroom.subscribers.join(sign_up, Consent("bench", utc_now()), utc_now())
            paths.append(f"/leave/{newsroom.keyring.token('leave', joining.subscriber.id)}")
        (folder / "paths").write_text("\n".join(paths[1:]), "utf-8")
        (folder / "repeated").write_text(paths[0], "utf-8")
        yield newsroom


@asynccontextmanager
async def newsroom_with_archive(folder: Path) -> AsyncIterator[Newsroom]:
    """The archive that `bench.archive_rows` wrote to `folder`."""
    config = _config(folder / "archive.db")
    async with open_newsroom(config, Secrets(current=1, keys={1: new_master_key()})) as newsroom:
        yield newsroom


def _config(database: Path) -> Config:
    return Config(
        site=SiteSettings(url="https://watch.example", contact="editors@watch.example"),
        mail=MailSettings(host="127.0.0.1", security="none", sender="digest@watch.example"),
        database=f"sqlite:///{database}",
    )
