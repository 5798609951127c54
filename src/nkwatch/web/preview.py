"""Pages for the demo: what was read, and what was mailed to whom. They show addresses: never mounted otherwise."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Connection, select

from nkwatch.assembly import Newsroom
from nkwatch.domain.reading import Reading
from nkwatch.domain.statement import Statement
from nkwatch.store import schema
from nkwatch.web.languages import FALLBACK
from nkwatch.web.mails import Mail, Mailbox, opened
from nkwatch.web.pages import Frame, Pages
from nkwatch.web.problems import NOT_FOUND
from nkwatch.web.routing import Routes
from nkwatch.web.shell import CONTENT_POLICY
from nkwatch.web.views import Said, said
from nkwatch.web.watching import Watching

__all__ = ["Mailbox", "Preview", "write_overview"]

#: Statements listed; the demo has fewer.
LISTED = 500
#: A mail is shown as a mail program would: inline styles, and nothing else at all.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A statement and what was found in it; `reading` is None while it is unread."""

    said: Said
    reading: Reading | None
    themes: tuple[str, ...]


class Preview:
    """The demo's pages over a newsroom and the mailbox that its mails arrive in."""

    def __init__(self, newsroom: Newsroom, pages: Pages, mailbox: Mailbox) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._mailbox = mailbox
        self._watching = Watching(newsroom)
        self._themes = newsroom.rules.lexicon.by_code

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes(prefix="/demo")
        routes.add("", self.overview)
        routes.add("/mails/{number:int}", self.mail)
        routes.add("/mails/{number:int}.html", self.mail_html)
        routes.add("/mails/{number:int}.eml", self.mail_source)
        return routes

    async def overview(self, request: Request) -> Response:
        """What happened so far."""
        values = await self.values(self._pages.language(request))
        return self._pages.answer(request, "demo.html", values)

    async def mail(self, request: Request, number: int) -> Response:
        """One mail with its headers, as it looks, and as plain text."""
        found = await self._mail(number)
        if found is None:
            return self._pages.problem(request, NOT_FOUND)
        values = {"mail": found, "own_links": found.own_links(self._newsroom.config.site.url.rstrip("/"))}
        policy = {"Content-Security-Policy": f"{CONTENT_POLICY}; frame-src 'self'"}
        return self._pages.answer(request, "demo_mail.html", values, headers=policy)

    async def mail_html(self, request: Request, number: int) -> Response:
        """The HTML part alone, in a sandbox."""
        found = await self._mail(number)
        if found is None or not found.html:
            return self._pages.problem(request, NOT_FOUND)
        return HTMLResponse(found.framed, headers={"Content-Security-Policy": MAIL_POLICY})

    async def mail_source(self, request: Request, number: int) -> Response:
        """The mail as received, byte for byte, to save."""
        found = await self._mail(number)
        if found is None:
            return self._pages.problem(request, NOT_FOUND)
        saved = {"Content-Disposition": f'attachment; filename="{found.name}.eml"'}
        return Response(found.raw, headers=saved, media_type="message/rfc822")

    async def mails(self) -> list[Mail]:
        """All mails received so far, the oldest first."""
        kinds = await self._newsroom.database.read(_kinds)
        return [opened(i, raw, kinds) for i, raw in enumerate(self._mailbox.messages, 1)]

    async def values(self, language: str) -> dict[str, Any]:
        """What the overview tells."""
        newsroom = self._newsroom
        now = newsroom.clock()
        recent = await newsroom.statements.recent(LISTED)
        return {
            "mails": await self.mails(),
            "statements": [self._row(s, r, language) for s, r in recent if s.public(now)],
            "counts": await newsroom.statements.counts(),
            "subscribers": await newsroom.subscribers.counts(),
            "deliveries": await newsroom.outbox.counts(),
            **await self._watching(),
        }

    async def _mail(self, number: int) -> Mail | None:
        received = self._mailbox.messages
        if not 1 <= number <= len(received):
            return None
        return opened(number, received[number - 1], await self._newsroom.database.read(_kinds))

    def _row(self, statement: Statement, reading: Reading | None, language: str) -> ReadRow:
        codes = [f.code for f in reading.themes] if reading else []
        names = tuple(self._themes[c].name(language) if c in self._themes else c for c in codes)
        by = (reading and reading.released_by) or statement.publisher
        return ReadRow(said(statement, 0, by), reading, names)


async def write_overview(newsroom: Newsroom, mailbox: Mailbox, out: Path) -> None:
    """Write the overview to the folder `out`, to be opened without a server.

    `index.html`, `style.css`, and for each mail `NNN.eml` as received and `NNN.html` with the mail as it looks.
    """
    pages = Pages(newsroom)
    values = await Preview(newsroom, pages, mailbox).values(FALLBACK)
    await asyncio.to_thread(_write, pages, values, values["mails"], out)


def _write(pages: Pages, values: Mapping[str, Any], mails: Sequence[Mail], out: Path) -> None:
    frame = Frame(FALLBACK, "style.css", live=False)
    out.mkdir(parents=True, exist_ok=True)
    (out / "style.css").write_text(pages.style, "utf-8")
    (out / "index.html").write_text(pages.render("demo.html", frame, values), "utf-8")
    for mail in mails:
        page = pages.render("demo_mail.html", frame, {"mail": mail, "own_links": ()})
        (out / f"{mail.name}.eml").write_bytes(mail.raw)
        (out / f"{mail.name}.html").write_text(page, "utf-8")


def _kinds(connection: Connection) -> dict[str, str]:
    """Kinds of bulletins by the Message-IDs of their deliveries."""
    delivery, bulletin = schema.delivery, schema.bulletin
    query = select(delivery.c.message_id, bulletin.c.kind).join_from(delivery, bulletin)
    return {row.message_id: row.kind for row in connection.execute(query)}
