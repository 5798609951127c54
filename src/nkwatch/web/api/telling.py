"""Values of the domain as the API tells them: texts from outside made harmless and cut to what may be given out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nkwatch.domain import reading as read
from nkwatch.domain.correction import Corrected
from nkwatch.domain.desk import Note
from nkwatch.domain.source import Source
from nkwatch.domain.story import Report, Story
from nkwatch.mail.views import address, plain, tag
from nkwatch.mail.widths import shorten
from nkwatch.store.exporting import Kept
from nkwatch.web.api import models
from nkwatch.web.api.models import LONGEST
from nkwatch.web.views import SHORT, said

#: Quotes and requests given of one statement, reports of one story, phrases of one finding.
FIRST, MOST_REPORTS, PHRASES = 10, 100, 20
UNKNOWN = Source("", "", "")


@dataclass(frozen=True, slots=True)
class Telling:
    """Makes models; `site` is the address of the site, `api` that of this version of the API."""

    sources: Mapping[str, Source]
    site: str
    api: str

    def statement(self, report: Report, story_id: str) -> models.Statement:
        """A report of this story."""
        statement, reading = report.statement, report.reading
        opening = said(statement, SHORT, report.by)
        link = address(statement.url, trusted=report.link)
        return models.Statement(
            id=statement.id,
            story=story_id,
            page=f"{self.site}/stories/{story_id}",
            self=f"{self.api}/statements/{statement.id}",
            title=opening.title,
            excerpt=opening.excerpt,
            language=tag(statement.language),
            link=link.url if link.linked else None,
            by=opening.by.text,
            attribution=_attribution(report),
            source=self.source_named(report),
            published=statement.published,
            published_estimated=statement.published_estimated,
            first_seen=statement.first_seen,
            edited_at=statement.edited_at,
            revision=statement.revision,
            urgency=level(reading.urgency),
            relevance=round(reading.relevance, 3),
            on_rights=reading.on_rights,
            themes=[models.ThemeFound(code=f.code, score=round(f.score, 3)) for f in reading.themes],
            quotes=[models.Quote(**_quote(q)) for q in reading.quotes[:FIRST]],
            asks=[models.Ask(**_ask(a)) for a in reading.asks[:FIRST]],
            rules=reading.rules,
            corrected=isinstance(reading, Corrected),
        )

    def source_named(self, report: Report) -> models.SourceNamed:
        """Where a report comes from."""
        source = self.sources.get(report.statement.source_id, UNKNOWN)
        return models.SourceNamed(
            id=report.statement.source_id,
            publisher=_short(report.statement.publisher),
            owner=_short(report.owner),
            role=str(report.role),
            country=source.country,
            licence=_short(source.licence),
        )

    def story(self, story: Story) -> models.Story:
        """A story with the statement that leads it."""
        return models.Story(**self._of(story))

    def whole(self, story: Story) -> models.StoryWhole:
        """A story with all that it tells."""
        reports = (story.lead, *story.others)[:MOST_REPORTS]
        return models.StoryWhole(**self._of(story), statements=[self.statement(r, story.id) for r in reports])

    def _of(self, story: Story) -> dict[str, Any]:
        return {
            "id": story.id,
            "page": f"{self.site}/stories/{story.id}",
            "self": f"{self.api}/stories/{story.id}",
            "urgency": level(story.urgency),
            "themes": list(story.themes),
            "on_rights": story.rights,
            "reports": len(story.reports),
            "lead": self.statement(story.lead, story.id),
            "withdrawn": story.marks.withdrawn,
            "correction": _remark(story.marks.correction),
            "note": _remark(story.marks.note),
        }


def reading_told(kept: Kept, revision: int) -> models.Reading:
    """A reading of a statement that is now at this revision: of earlier ones no words are given."""
    reading = kept.reading
    now = reading.revision == revision
    return models.Reading(
        rules=reading.rules,
        revision=reading.revision,
        read_at=kept.read_at,
        in_force=kept.in_force,
        about_nk=reading.about_nk,
        relevance=round(reading.relevance, 3),
        urgency=level(reading.urgency),
        themes=[_found(f, words=now) for f in reading.themes],
        relevance_evidence=_evidence(reading.relevance_evidence if now else ()),
        urgency_evidence=_evidence(reading.urgency_evidence if now else ()),
        quotes=[models.QuoteRead(**_quote(q), evidence=_seen(q.words)) for q in reading.quotes[:FIRST] if now],
        asks=[models.AskRead(**_ask(a), evidence=_seen(a.what)) for a in reading.asks[:FIRST] if now],
        dangers=_dangers(reading.dangers if now else ()),
    )


def level(urgency: read.Urgency) -> str:
    """An urgency by its name."""
    return urgency.name.lower()


def _found(found: read.Finding, *, words: bool) -> models.FoundTheme:
    evidence = _evidence(found.evidence if words else ())
    return models.FoundTheme(code=found.code, kind=str(found.kind), score=round(found.score, 3), evidence=evidence)


def _dangers(sightings: Iterable[read.Sighting]) -> list[models.Danger]:
    """Each danger once, with the places where it stands."""
    seen: dict[str, list[read.Evidence]] = {}
    for sighting in sightings:
        seen.setdefault(sighting.code, []).append(sighting.seen)
    return [models.Danger(code=code, evidence=_evidence(places)) for code, places in seen.items()]


def _evidence(found: Sequence[read.Evidence]) -> list[models.Evidence]:
    return [_seen(e) for e in found[:PHRASES]]


def _seen(found: read.Evidence) -> models.Evidence:
    return models.Evidence(field=found.field, start=found.start, end=found.end, phrase=_short(found.phrase))


def _quote(quote: read.Quote) -> dict[str, str]:
    return {"text": _short(quote.words.phrase), "speaker": _short(quote.speaker), "role": _short(quote.role)}


def _ask(ask: read.Ask) -> dict[str, str]:
    what, whom, by = _short(ask.what.phrase), _short(ask.addressee), _short(ask.by)
    return {"text": what, "addressee": whom, "country": ask.country, "by": by}


def _attribution(report: Report) -> str:
    """Publisher, title and date, as somebody who quotes it has to say."""
    opening = said(report.statement, SHORT, report.by)
    via = f" (via {opening.via.text})" if opening.via else ""
    return f"{opening.by.text}{via}: {opening.title}, {report.statement.published:%Y-%m-%d}"


def _remark(note: Note | None) -> models.Remark | None:
    if note is None:
        return None
    return models.Remark(
        words={tag(k): plain(v, lines=True) for k, v in note.words}, editor=plain(note.editor), at=note.at
    )


def _short(text: str) -> str:
    """A text of at most `LONGEST` letters, on one line."""
    return shorten(plain(text), LONGEST)[:LONGEST]
