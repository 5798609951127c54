"""The page that helps to check a mail: what to look at, what was sent under a number, and whether a file is ours.

Only a valid signature makes a mail ours; a number alone is answered with what to compare. A file is looked at in a
process that can be killed; nothing of it is kept or noted.
"""

import asyncio
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from nkwatch.assembly import Newsroom
from nkwatch.assembly.standing import prover
from nkwatch.config import SignUpSettings
from nkwatch.mail.claims import DIGITS, Claims, Difference, difference, same_subject
from nkwatch.mail.proof import Names, Proof, Verdict
from nkwatch.net.dns import Dns
from nkwatch.store.published import Published, published
from nkwatch.web.asking import whole
from nkwatch.web.limits import LOOKS, Gate
from nkwatch.web.pages import Pages
from nkwatch.web.problems import BAD_REQUEST, CROWDED, TOO_LARGE
from nkwatch.web.routing import Routes
from nkwatch.web.values import LARGEST_MAIL

MULTIPART = "multipart/form-data"
#: Files that one network may send in an hour.
UPLOADS = 60
#: Files that wait for their turn; one is looked at at a time, so that feeds are read, too.
MOST_WAITING = 8

NO_FILE = "Please choose the file of a mail."
NO_NUMBER = "Please write the number in digits, as it stands in the mail."


@dataclass(frozen=True, slots=True)
class Real:
    """What was really sent: `subject` and `copy` where they are known, `differs` is how the mail at hand differs."""

    sent: Published
    subject: str = ""
    copy: str = ""
    language: str = ""
    differs: Difference = field(default_factory=Difference)


class Check:
    """The page `/check`."""

    def __init__(self, newsroom: Newsroom, pages: Pages, names: Names | None = None) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._gate = Gate(SignUpSettings(per_network=UPLOADS // LOOKS), newsroom.clock, newsroom.subscribers)
        self._prove = prover(newsroom.config, newsroom.keys, newsroom.workers, names or Dns(), newsroom.translations)
        self._one_by_one = asyncio.Semaphore()
        self._waiting = 0

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/check", self.page)
        routes.add("/check", self.upload, methods=["POST"])
        return routes

    async def page(self, request: Request) -> Response:
        """What to look at; with `?number=`, what was sent under that number."""
        asked = request.query_params.get("number", "").strip()[: DIGITS + 1]
        if not asked:
            return self._answer(request)
        if (number := whole(asked, DIGITS)) is None:
            return self._answer(request, number=asked, problem=NO_NUMBER)
        found = await published(self._newsroom.database, number)
        return self._answer(request, number=asked, asked=True, found=found)

    async def upload(self, request: Request) -> Response:
        """Whether the mail in a file is ours."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        raw = await _file(request) if kind == MULTIPART else None
        if raw is None:
            return self._pages.problem(request, BAD_REQUEST)
        if len(raw) > LARGEST_MAIL:
            return self._pages.problem(request, TOO_LARGE)
        if not raw.strip():
            return self._answer(request, file_problem=NO_FILE)
        host = request.client.host if request.client else ""
        if self._waiting >= MOST_WAITING or self._gate.look(host):
            return self._pages.problem(request, CROWDED)
        proof = await self._proved(raw)
        return self._answer(request, proof=proof, real=await self._real(proof))

    async def _proved(self, raw: bytes) -> Proof:
        self._waiting += 1
        try:
            async with self._one_by_one:
                return await self._prove(raw)
        finally:
            self._waiting -= 1

    async def _real(self, proof: Proof) -> Real | None:
        """The bulletin that a mail says it is."""
        claims = proof.claims
        for copy in claims.copies:
            if shared := await self._newsroom.outbox.shared(copy):
                composition, number = shared
                if sent := await published(self._newsroom.database, number):
                    differs = difference(claims, composition, self._newsroom.config.site.url, sent.heads)
                    return Real(sent, composition.subject, copy, composition.language, differs)
        return await self._numbered(claims)

    async def _numbered(self, claims: Claims) -> Real | None:
        for number in claims.numbers:
            if sent := await published(self._newsroom.database, number):
                return Real(sent, differs=Difference(bool(sent.heads) and not same_subject(claims, sent.heads)))
        return None

    def _answer(
        self,
        request: Request,
        *,
        number: str = "",
        asked: bool = False,
        found: Published | None = None,
        problem: str = "",
        file_problem: str = "",
        proof: Proof | None = None,
        real: Real | None = None,
    ) -> Response:
        config = self._newsroom.config
        values = {
            "number": number, "asked": asked, "found": found, "problem": problem, "file_problem": file_problem,
            "proof": proof, "real": real, "ours": proof is not None and proof.verdict is Verdict.OURS,
            "sender": config.mail.sender, "site": config.site.url,
            "domain": config.dkim.domain if config.dkim else config.mail.sender.rpartition("@")[2],
        }  # fmt: skip
        return self._pages.answer(request, "check.html", values)


async def _file(request: Request) -> bytes | None:
    """The file in a form, up to one octet more than it may have; None where the form is not ours."""
    try:
        async with request.form(max_files=1, max_fields=1) as form:
            file = form.get("mail")
            return await file.read(LARGEST_MAIL + 1) if isinstance(file, UploadFile) else b"" if form else None
    except (HTTPException, ValueError, LookupError):
        return None
