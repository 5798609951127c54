"""What a choice would have brought in the last 30 days, as the pages show it before a choice is saved."""

from dataclasses import dataclass
from typing import Any

from nkwatch.assembly import Newsroom
from nkwatch.domain.subscriber import Choice
from nkwatch.editing.digests import Pick
from nkwatch.editing.forecast import Forecast
from nkwatch.mail.reasons import Chosen, chosen
from nkwatch.mail.views import Names
from nkwatch.web.chosen import Naming
from nkwatch.web.recent import Recent, Unknown
from nkwatch.web.values import Values
from nkwatch.web.views import Said, said

#: Stories named on the page; the rest are counted.
NAMED = 40


@dataclass(frozen=True, slots=True)
class Line:
    """A story that would have been sent, and why."""

    id: str
    lead: Said
    why: Chosen


class Outlooks:
    """Looks back for whoever is about to save a choice."""

    def __init__(self, newsroom: Newsroom) -> None:
        themes = {t.code: t for t in newsroom.rules.lexicon.themes}
        self._names = Names("", themes, newsroom.sources)
        self._naming = Naming(themes, newsroom.sources)
        self._recent = Recent(newsroom)

    async def values(self, choice: Choice, language: str) -> dict[str, Any] | None:
        """What the page needs: the choice in words and as form fields, the forecast, and its newest stories.

        `outlook` is None where nobody can tell, and `unknown` says why; None when too many ask at once.
        """
        found = await self._recent.forecast(choice)
        if found is Unknown.CROWDED:
            return None
        outlook = found if isinstance(found, Forecast) else None
        return {
            "values": Values.of(choice),
            "chosen": self._naming.chosen(choice, language),
            "outlook": outlook,
            "unknown": "" if outlook else found,
            "lines": [self._line(pick, language) for pick in outlook.picks[:NAMED]] if outlook else [],
        }

    def _line(self, pick: Pick, language: str) -> Line:
        lead = pick.story.lead_in(language)
        return Line(pick.story.id, said(lead.statement, 0, lead.by), chosen(pick.reasons, self._names, language))
