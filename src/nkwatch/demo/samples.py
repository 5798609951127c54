"""The bundled samples as they stand on the sample site at an instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nkwatch.catalogue.shipped import toml
from nkwatch.domain.source import Role, Scope, Source

#: Where the items stand on the sample listing pages.
SELECTORS = {"item": "article", "title": "h2", "link": "h2 a", "date": "time", "teaser": ".teaser"}
#: Edited statements read differently from this long before the present on.
EDIT_AFTER = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Sample:
    """A statement of the sample site: when it appears, and what it is edited to later."""

    id: str
    source: str
    language: str
    title: str
    paragraphs: tuple[str, ...]
    published: datetime


@dataclass(frozen=True, slots=True)
class Samples:
    """All samples, dated relative to `present`; edits appear `EDIT_AFTER` before it."""

    data: Mapping[str, Any]
    present: datetime

    @property
    def forms(self) -> dict[str, str]:
        """How each source is shown: rss, atom, json or page."""
        return {s["id"]: s["form"] for s in self.data["source"]}

    def publisher(self, source_id: str) -> Mapping[str, Any]:
        """What is known of a source's publisher."""
        return next(s for s in self.data["source"] if s["id"] == source_id)

    def shown(self, source_id: str, now: datetime) -> list[Sample]:
        """What a source shows at `now`, the newest first."""
        rows = [r for r in self.data["statement"] if r["source"] == source_id]
        samples = [self._sample(row, now) for row in rows]
        return sorted((s for s in samples if s.published <= now), key=lambda s: s.published, reverse=True)

    def find(self, sample_id: str, now: datetime) -> Sample | None:
        """One statement as it reads at `now`."""
        row = next((r for r in self.data["statement"] if r["id"] == sample_id), None)
        return self._sample(row, now) if row else None

    def sources(self, site: str, host: str) -> list[Source]:
        """The sources as a catalogue would list them."""
        return [
            Source(
                id=row["id"],
                url=f"{site}/{row['id']}/{'' if row['form'] == 'page' else 'feed'}",
                publisher=row["publisher"],
                kind="page" if row["form"] == "page" else "feed",
                role=Role(row["role"]),
                scope=Scope(row["scope"]),
                owner=row["owner"],
                country=row["country"],
                languages=tuple(row["languages"]),
                homepage=f"{site}/{row['id']}/",
                domains=(host,),
                alerts=row["alerts"],
                options=SELECTORS if row["form"] == "page" else {},
            )
            for row in self.data["source"]
        ]

    def _sample(self, row: Mapping[str, Any], now: datetime) -> Sample:
        edited = now >= self.present - EDIT_AFTER
        text = (edited and row.get("edited_text")) or row["text"]
        return Sample(
            id=row["id"],
            source=row["source"],
            language=row["language"],
            title=(edited and row.get("edited_title")) or row["title"],
            paragraphs=tuple(p for p in text.strip().split("\n\n") if p),
            published=self.present - timedelta(hours=int(row["age"].removesuffix("h"))),
        )


def load_samples(present: datetime) -> Samples:
    """The bundled samples, dated relative to `present`."""
    return Samples(toml("samples.toml"), present)
