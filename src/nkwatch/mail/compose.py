"""Puts together what a bulletin is made of: blocks that many readers share, with slots between them.

The workflow asks for one composition for each subscriber; equal wishes get the very same `Composition`, so a
thousand readers who chose alike cost one rendering and a thousand look-ups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nkwatch.domain.bulletin import BulletinKind, Composition, Window
from nkwatch.domain.source import Source
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Format, Schedule
from nkwatch.domain.theme import Theme
from nkwatch.domain.watch import Watch
from nkwatch.editing.digests import LINES, Pick
from nkwatch.editing.matching import Reason
from nkwatch.mail.blocks import Blocks, Pieces, Places
from nkwatch.mail.locales import Locale, Texts
from nkwatch.mail.templates import Templates
from nkwatch.mail.views import Names, address
from nkwatch.mail.watching import watch_view

#: The language of frames for readers of a language that has no translation.
FALLBACK = "en"
#: How many compositions are kept; they share their blocks.
KEPT = 512

_EVERYTHING = (Reason("any"),)
_NOTHING = Watch()


@dataclass(frozen=True, slots=True)
class _Digest:
    """All that a digest depends on."""

    picks: tuple[Pick, ...]
    more: tuple[Story, ...]
    window: Window
    number: int
    schedule: Schedule
    language: str
    form: Format
    watch: Watch


class Composer:
    """Composes digests, alerts and confirmations. Raises `ConfigError` when a template is wrong."""

    def __init__(
        self,
        *,
        site: str,
        name: str,
        contact: str,
        themes: Sequence[Theme],
        translations: Mapping[str, Texts],
        sources: Mapping[str, Source],
        templates: Path | None = None,
    ) -> None:
        """`site` is the base address of the public pages, `name` what the service is called, `contact` how to
        reach its people. `templates` is the operator's folder: `mail/...` in it goes before ours.
        """
        site = site.rstrip("/")
        locales = {code: Locale(code, texts) for code, texts in {FALLBACK: {}, **translations}.items()}
        names = Names(site, {theme.code: theme for theme in themes}, sources)
        common = {"site": site, "host": address(site).host, "name": name, "contact": contact}
        self._languages = frozenset(locales)
        self._sources = sources
        self._templates = Templates(locales, templates)
        self._blocks = Blocks(self._templates, names, common)
        self._digest = lru_cache(KEPT)(self._compose_digest)
        self._alert = lru_cache(KEPT)(self._compose_alert)
        self._confirmation = lru_cache(KEPT)(self._compose_confirmation)

    @property
    def renders(self) -> int:
        """How many times a template was rendered so far."""
        return self._templates.renders

    def digest(
        self,
        picks: Sequence[Pick],
        more: Sequence[Story],
        window: Window,
        number: int,
        schedule: Schedule,
        language: str,
        form: Format,
        watch: Watch = _NOTHING,
    ) -> Composition:
        """A digest with these stories in this order; `more` get one line each. `watch` tells of the sources."""
        language = self._known(language)
        return self._digest(_Digest(tuple(picks), tuple(more), window, number, schedule, language, form, watch))

    def alert(self, story: Story, reasons: Sequence[Reason], number: int, language: str, form: Format) -> Composition:
        """An alert on one story."""
        return self._alert(story, tuple(reasons), number, self._known(language), form)

    def confirmation(self, schedule: Schedule, language: str, form: Format) -> Composition:
        """The mail that asks a new subscriber to confirm."""
        return self._confirmation(schedule, self._known(language), form)

    def _compose_digest(self, digest: _Digest) -> Composition:
        # where the only reason is "everything", the foot says it once instead of each story
        everything = all(pick.reasons == _EVERYTHING for pick in digest.picks)
        blocks, language = self._blocks, digest.language
        values = {
            "stories": [blocks.view(pick.story, language) for pick in digest.picks],
            "more": [blocks.view(story, language) for story in digest.more[:LINES]],
            "further": len(digest.more[LINES:]),
            "window": digest.window,
            "number": digest.number,
            "schedule": digest.schedule,
            "everything": everything,
            "watch": watch_view(digest.watch, self._sources),
        }

        def places(form: Format) -> Mapping[str, Pieces]:
            pieces: Pieces = ()
            for pick in digest.picks:
                pieces += blocks.story(pick.story, language, form)
                pieces += () if everything else blocks.reasons(pick.reasons, language, form)
            return {"stories": pieces}

        return self._compose(BulletinKind.DIGEST, language, digest.form, values, places)

    def _compose_alert(
        self, story: Story, reasons: tuple[Reason, ...], number: int, language: str, form: Format
    ) -> Composition:
        values = {"story": self._blocks.long_view(story, language), "number": number}

        def places(form: Format) -> Mapping[str, Pieces]:
            return {"reasons": self._blocks.reasons(reasons, language, form)}

        return self._compose(BulletinKind.ALERT, language, form, values, places)

    def _compose_confirmation(self, schedule: Schedule, language: str, form: Format) -> Composition:
        return self._compose(BulletinKind.CONFIRMATION, language, form, {"schedule": schedule}, lambda _: {})

    def _compose(
        self, kind: BulletinKind, language: str, form: Format, values: Mapping[str, Any], places: Places
    ) -> Composition:
        folder = "confirm" if kind is BulletinKind.CONFIRMATION else kind.value
        subject = self._blocks.line(f"{folder}/subject.txt", language, values)
        values = {**values, "subject": subject}

        def body(form: Format) -> Pieces:
            return self._blocks.frame(folder, language, form, values, places(form))

        html = body(Format.HTML) if form is Format.HTML else ()
        return Composition(kind, language, subject, body(Format.TEXT), html)

    def _known(self, language: str) -> str:
        return language if language in self._languages else FALLBACK
