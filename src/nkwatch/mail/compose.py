"""Puts together what a bulletin is made of: blocks that many readers share, with slots between them.

The workflow asks for one composition for each subscriber; readers of the same stories in the same edition get the
very same `Composition`, whatever they chose, so a thousand of them cost one rendering and a thousand look-ups. What
is one reader's own goes into slots.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from nkwatch.domain.bulletin import BulletinKind, Composition, Window
from nkwatch.domain.source import Source
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Choice, Edition, Format, Schedule
from nkwatch.domain.theme import Theme
from nkwatch.domain.watch import Watch
from nkwatch.editing.digests import LINES, Pick
from nkwatch.mail.blocks import Blocks, Pieces, Places
from nkwatch.mail.locales import Locale, Texts
from nkwatch.mail.reasons import SLOT, only_any
from nkwatch.mail.templates import Templates
from nkwatch.mail.views import Names, address, plain
from nkwatch.mail.watching import watch_view

#: The language of frames for readers of a language that has no translation.
FALLBACK = "en"
#: How many compositions are kept; they share their blocks.
KEPT = 512

_NOTHING = Watch()
_FOLDERS = {BulletinKind.CONFIRMATION: "confirm", BulletinKind.MOVE_OLD: "move_old", BulletinKind.MOVE_NEW: "move_new"}


@dataclass(frozen=True, slots=True)
class _Digest:
    """All that a digest depends on."""

    stories: tuple[Story, ...]
    more: tuple[Story, ...]
    window: Window
    number: int
    schedule: Schedule
    edition: Edition
    watch: Watch


class Composer:
    """Composes digests, alerts, confirmations and letters. Raises `ConfigError` when a template is wrong."""

    def __init__(
        self,
        *,
        site: str,
        name: str,
        contact: str,
        themes: Sequence[Theme],
        translations: Mapping[str, Texts],
        sources: Mapping[str, Source],
        neutral: str = "Reading list",
        templates: Path | None = None,
    ) -> None:
        """`site` is the base address of the public pages, `name` what the service is called, `neutral` what it is
        called in neutral editions, `contact` how to reach its people. `templates` is the operator's folder:
        `mail/...` in it goes before ours.
        """
        site = site.rstrip("/")
        locales = {code: Locale(code, texts) for code, texts in {FALLBACK: {}, **translations}.items()}
        names = Names(site, {theme.code: theme for theme in themes}, sources)
        common = {"site": site, "host": address(site).host, "name": name, "contact": contact, "neutral": False}
        self._neutral = {"name": neutral, "neutral": True}
        self._languages = frozenset(locales)
        self._sources = sources
        self._templates = Templates(locales, templates)
        self._blocks = Blocks(self._templates, names, common)
        self._digest = lru_cache(KEPT)(self._compose_digest)
        self._alert = lru_cache(KEPT)(self._compose_alert)
        self._letter = lru_cache(KEPT)(self._compose_letter)

    @property
    def renders(self) -> int:
        """How many times a template was rendered so far."""
        return self._templates.renders

    def digest(
        self,
        stories: Sequence[Story],
        more: Sequence[Story],
        window: Window,
        number: int,
        schedule: Schedule,
        edition: Edition,
        watch: Watch = _NOTHING,
    ) -> Composition:
        """A digest with these stories in this order; `more` get one line each. `watch` tells of the sources."""
        edition = self._known(edition)
        return self._digest(_Digest(tuple(stories), tuple(more), window, number, schedule, edition, watch))

    def alert(self, story: Story, number: int, edition: Edition) -> Composition:
        """An alert on one story."""
        return self._alert(story, number, self._known(edition))

    def confirmation(self, schedule: Schedule, edition: Edition) -> Composition:
        """The mail that asks a new subscriber to confirm."""
        return self._letter(BulletinKind.CONFIRMATION, self._known(edition), schedule)

    def letter(self, kind: BulletinKind, edition: Edition) -> Composition:
        """The mail with a link to the settings, or one of those that confirm a change of address."""
        return self._letter(kind, self._known(edition))

    def slots(self, choice: Choice, picks: Sequence[Pick] = ()) -> tuple[tuple[str, str], ...]:
        """What stands in the reader's own places: the phrase, and why each of these stories is sent.

        Where the only reason is "everything", that is said once instead of at each story.
        """
        return tuple(self._lines(choice, picks, self._known(choice.edition).language))

    def _lines(self, choice: Choice, picks: Sequence[Pick], language: str) -> Iterator[tuple[str, str]]:
        if phrase := plain(choice.phrase):
            yield "phrase", self._blocks.line("phrase.txt", language, {"phrase": phrase})
        if picks and all(only_any(pick.reasons) for pick in picks):
            yield "everything", self._blocks.everything(language)
        else:
            for pick in picks:
                yield f"{SLOT}{pick.story.id}", self._blocks.reasons(pick.reasons, language)

    def _compose_digest(self, digest: _Digest) -> Composition:
        blocks, language = self._blocks, digest.edition.language
        values = {
            "stories": [blocks.view(story, language) for story in digest.stories],
            "more": [blocks.view(story, language) for story in digest.more[:LINES]],
            "further": len(digest.more[LINES:]),
            "window": digest.window,
            "number": digest.number,
            "schedule": digest.schedule,
            "watch": watch_view(digest.watch, self._sources),
        }

        def places(form: Format) -> Mapping[str, Pieces]:
            told = (blocks.story(story, language, form) for story in digest.stories)
            return {"stories": tuple(piece for pieces in told for piece in pieces)}

        return self._compose(BulletinKind.DIGEST, digest.edition, values, places)

    def _compose_alert(self, story: Story, number: int, edition: Edition) -> Composition:
        values = {"story": self._blocks.long_view(story, edition.language), "number": number}
        return self._compose(BulletinKind.ALERT, edition, values)

    def _compose_letter(self, kind: BulletinKind, edition: Edition, schedule: Schedule | None = None) -> Composition:
        return self._compose(kind, edition, {"schedule": schedule} if schedule else {})

    def _compose(
        self, kind: BulletinKind, edition: Edition, values: Mapping[str, Any], places: Places = lambda _: {}
    ) -> Composition:
        folder, language = _FOLDERS.get(kind, kind.value), edition.language
        values = {**values, **(self._neutral if edition.neutral else {})}
        subject = self._blocks.line(f"{folder}/subject.txt", language, values)
        values = {**values, "subject": subject}

        def body(form: Format) -> Pieces:
            return self._blocks.frame(folder, language, form, values, places(form))

        html = body(Format.HTML) if edition.format is Format.HTML else ()
        return Composition(kind, language, subject, body(Format.TEXT), html, edition.neutral)

    def _known(self, edition: Edition) -> Edition:
        return edition if edition.language in self._languages else replace(edition, language=FALLBACK)
