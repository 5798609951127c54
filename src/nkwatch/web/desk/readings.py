"""Readings that are worth a look, and their correction: themes, urgency, whether it is on North Korea."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.passkey import Act
from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.statement import Statement
from nkwatch.mail.views import Address, Name, address, name_of, plain, tag
from nkwatch.web.desk.marking import Marked, marked
from nkwatch.web.desk.problems import GONE
from nkwatch.web.desk.section import Section
from nkwatch.web.desk.views import doubts
from nkwatch.web.desk.visits import Inside, Visit
from nkwatch.web.posted import written
from nkwatch.workflow.correct import Refused, Said

READINGS = "/desk/readings"
#: How many of the newest statements are looked through, how old they may be, and how many are shown.
LOOKED_AT, RECENT, SHOWN = 300, timedelta(days=14), 20
#: What came of it, as the address of the next page says it.
TOLD = ("corrected", "refused")
_URGENCIES = {u.name.lower(): u for u in Urgency}


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A statement with its reading, as who corrects it sees it."""

    id: str
    by: Name
    language: str
    published: datetime
    address: Address
    marked: Marked
    doubts: tuple[str, ...]
    themes: frozenset[str]
    urgency: str


class Readings(Section):
    """Raising a statement to urgent may send an alert, and needs a touch of the key; other corrections need none."""

    def routes(self) -> Inside:
        """What answers at which address."""
        routes = Inside(self._room)
        routes.page(READINGS, self.readings)
        routes.deed("/desk/statements/{statement_id}/correct", self.correct)
        return routes

    async def readings(self, visit: Visit) -> Response:
        """What was found only just, or has changed since it was read."""
        language = visit.language
        found = await in_doubt(self._newsroom)
        did = visit.asked.get("did", "")
        values = {
            "readings": [self._view(s, r, language) for s, r in found[:SHOWN]],
            "further": len(found[SHOWN:]),
            "themes": sorted(((t.code, t.name(language)) for t in self._themes.values()), key=lambda t: t[1]),
            "urgencies": tuple(_URGENCIES),
            "did": did if did in TOLD else "",
        }
        return visit.page("readings.html", values)

    async def correct(self, visit: Visit, statement_id: str) -> Response:
        """Put what an editor says in the place of what was read."""
        filed = await self._newsroom.readings.filed(statement_id)
        if filed is None:
            return visit.problem(GONE)
        said = self._said(visit, filed.in_force)
        raised = said.urgency is Urgency.URGENT and filed.in_force.urgency is not Urgency.URGENT
        title = plain(filed.statement.title)
        if raised and (lacking := await self._touches.lacking(visit, Act.READ, statement_id, title)):
            return lacking
        done = await self._newsroom.editors.acts.read(statement_id, said)
        return visit.to(f"{READINGS}?did={'refused' if isinstance(done, Refused) else 'corrected'}")

    def _said(self, visit: Visit, reading: Reading) -> Said:
        """What the form says otherwise than the reading. That it is on North Korea, or not, is said in any case."""
        form, editor, why = visit.form, visit.editor.name, visit.why
        if written(form, "about") == "no":
            return Said(editor, why, about_nk=False)
        codes = tuple(v for v in form.getlist("themes") if isinstance(v, str) and v in self._themes)
        urgency = _URGENCIES.get(written(form, "urgency"), reading.urgency)
        return Said(
            editor,
            why,
            about_nk=True,
            themes=codes if set(codes) != {f.code for f in reading.themes} else None,
            urgency=urgency if urgency is not reading.urgency else None,
        )

    def _view(self, statement: Statement, reading: Reading, language: str) -> Doubtful:
        return Doubtful(
            id=statement.id,
            by=name_of(reading.released_by or statement.publisher, statement),
            language=tag(statement.language),
            published=statement.published,
            address=address(statement.url),
            marked=marked(statement, reading, self._themes, language),
            doubts=doubts(statement, reading),
            themes=frozenset(f.code for f in reading.themes),
            urgency=reading.urgency.name.lower(),
        )


async def in_doubt(newsroom: Newsroom) -> list[tuple[Statement, Reading]]:
    """The newest statements whose reading is in doubt, and that nobody has corrected."""
    since = newsroom.clock() - RECENT
    said = {filed.statement.id for filed in await newsroom.readings.in_force()}
    found = await newsroom.statements.recent(LOOKED_AT)
    return [(s, r) for s, r in found if r and s.first_seen >= since and s.id not in said and doubts(s, r)]
