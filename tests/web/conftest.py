"""The site over a real newsroom on a temporary database, asked without a network."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from nkwatch.assembly import Newsroom
from nkwatch.web.app import create_app
from tests.web.samples import SITE, empty_newsroom


@pytest.fixture
async def newsroom(tmp_path: Path) -> AsyncIterator[Newsroom]:
    """A newsroom in which nothing has happened yet."""
    async with empty_newsroom(tmp_path) as opened:
        yield opened


@pytest.fixture
async def client(newsroom: Newsroom) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without scripts, cookies or a language of its own."""
    async with visitor(newsroom) as opened:
        yield opened


def visitor(newsroom: Newsroom, mailbox=None) -> httpx.AsyncClient:
    app = create_app(newsroom, mailbox=mailbox)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SITE)
