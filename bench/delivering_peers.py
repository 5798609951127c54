"""The usual ways to send: Jinja2, EmailMessage, dkimpy and aiosmtplib for each reader; and aiosmtplib alone."""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import dkim
from aiosmtplib import SMTP

from bench.composing_peer import Peer, Wanted, as_message
from bench.composing_week import room
from bench.delivering_mails import claimed, drawn, told
from bench.delivering_parts import CONNECTIONS, DOMAIN, SELECTOR, SENDER, SENT_AT, SITE, assembler
from nkwatch.mail.templates import LINKS

#: What a careful sender signs.
SIGNED = (b"from", b"to", b"subject", b"date", b"message-id", b"list-unsubscribe", b"list-unsubscribe-post")


class Usual:
    """Sends mails in the usual way: all is done for each reader, and each outcome is committed alone."""

    def __init__(self, folder: Path, port: int, count: int) -> None:
        self._port = port
        self._key = (folder / "dkim.pem").read_bytes()
        kitchen = room(told(folder))
        composer = kitchen.composer()
        gathered = asyncio.run(kitchen.gathered())
        self._peer = Peer(composer, gathered.surroundings, kitchen.parts["translations"])
        self._mails = [(m, self._peer.prepared(m)) for m in drawn(folder)[:count]]
        self._ledger = folder / "usual.db"

    async def turn(self) -> float:
        """Seconds for all."""
        with closing(self._opened()) as ledger:
            waiting = deque(enumerate(self._mails))
            began = time.perf_counter()
            await asyncio.gather(*(self._connection(waiting, ledger) for _ in range(CONNECTIONS)))
            took = time.perf_counter() - began
            (left,) = ledger.execute("SELECT count(*) FROM delivery WHERE state <> 'sent'").fetchone()
        if left:
            raise RuntimeError(f"{left} mails were not sent")
        return took

    def _opened(self) -> sqlite3.Connection:
        self._ledger.unlink(missing_ok=True)
        ledger = sqlite3.connect(self._ledger, isolation_level=None)
        ledger.execute("PRAGMA journal_mode=WAL")
        ledger.execute("PRAGMA synchronous=FULL")
        ledger.execute("CREATE TABLE delivery (id INTEGER PRIMARY KEY, state TEXT, reply TEXT)")
        rows = [(n, "pending", "") for n in range(len(self._mails))]
        ledger.execute("BEGIN")
        ledger.executemany("INSERT INTO delivery VALUES (?, ?, ?)", rows)
        ledger.execute("COMMIT")
        return ledger

    async def _connection(self, waiting: "deque[tuple[int, tuple[Wanted, Any]]]", ledger: sqlite3.Connection) -> None:
        async with SMTP(hostname="127.0.0.1", port=self._port, start_tls=False) as client:
            while waiting:
                number, (mail, views) = waiting.popleft()
                message = self._made(number, mail, views)
                _, reply = await client.sendmail(SENDER, ["reader@readers.example"], message)
                ledger.execute("UPDATE delivery SET state = 'sent', reply = ? WHERE id = ?", (reply, number))

    def _made(self, number: int, mail: Wanted, views: Any) -> bytes:
        links = {name: f"{SITE}/{name}/{number}" for name in LINKS}
        fields = {
            "From": f"nkwatch <{SENDER}>",
            "To": "reader@readers.example",
            "Date": format_datetime(SENT_AT),
            "Message-ID": f"<{number}.{mail.reader.id}@{DOMAIN}>",
            "List-Unsubscribe": f"<{SITE}/leave/{number}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        raw = as_message(self._peer.rendered(views, links), fields)
        signature: bytes = dkim.sign(
            raw,
            SELECTOR.encode(),
            DOMAIN.encode(),
            self._key,
            canonicalize=(b"relaxed", b"simple"),
            include_headers=list(SIGNED),
        )
        return signature + raw


class Ready:
    """Hands over mails that are ready, without a ledger, over connections that are used again."""

    def __init__(self, folder: Path, port: int, count: int) -> None:
        self._port = port
        made = [assembler().assemble(claimed(m, n)).content for n, m in enumerate(drawn(folder)[:count])]
        self._mails = [made[n % len(made)] for n in range(count)]

    async def turn(self) -> float:
        """Seconds for all."""
        waiting = deque(self._mails)
        began = time.perf_counter()
        await asyncio.gather(*(self._connection(waiting.popleft, waiting) for _ in range(CONNECTIONS)))
        return time.perf_counter() - began

    async def _connection(self, take: Callable[[], bytes], waiting: "deque[bytes]") -> None:
        async with SMTP(hostname="127.0.0.1", port=self._port, start_tls=False) as client:
            while waiting:
                await client.sendmail(SENDER, ["reader@readers.example"], take())
