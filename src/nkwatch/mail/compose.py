"""Puts together what a bulletin is made of: blocks that many readers share, with slots between them.

Digests are made by an `Issue`, alerts and what follows them by `Alerting`; letters concern one subscription. Readers of
the same edition share everything that stands in them; what is one reader's own goes into slots.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from nkwatch.domain.alert import Alert
from nkwatch.domain.bulletin import BulletinKind, Composition
from nkwatch.domain.desk import Note
from nkwatch.domain.place import Place
from nkwatch.domain.source import Source
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Choice, Edition, Schedule
from nkwatch.domain.surroundings import Earlier, Surroundings
from nkwatch.domain.theme import Theme
from nkwatch.editing.digests import Pick
from nkwatch.mail.alerting import Alerting
from nkwatch.mail.blocks import Blocks
from nkwatch.mail.issue import Issue
from nkwatch.mail.locales import Locale, Texts
from nkwatch.mail.press import Press
from nkwatch.mail.shelf import Shelf
from nkwatch.mail.slots import slots
from nkwatch.mail.templates import Templates
from nkwatch.mail.views import Names, address

#: The language of frames for readers of a language that has no translation.
FALLBACK = "en"
#: How many letters are kept.
KEPT = 512

_NOBODY: Mapping[str, str] = MappingProxyType({})
_FOLDERS = {BulletinKind.CONFIRMATION: "confirm", BulletinKind.MOVE_OLD: "move_old", BulletinKind.MOVE_NEW: "move_new"}


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
        contacts: Mapping[str, str] = _NOBODY,
        places: Sequence[Place] = (),
        per_day: int = 5,
    ) -> None:
        """`site` is the base address of the public pages, `name` what the service is called, `neutral` what it is
        called in neutral editions, `contact` how to reach its people. `templates` is the operator's folder:
        `mail/...` in it goes before ours. `contacts` are addresses of pages by country (ISO 3166-1 alpha-2) from
        which a reader reaches the government; `per_day` is how many alerts a reader gets a day at most.
        """
        site = site.rstrip("/")
        locales = {code: Locale(code, texts) for code, texts in {FALLBACK: {}, **translations}.items()}
        by_code = {theme.code: theme for theme in themes}
        names = Names(site, by_code, sources, {place.code: place for place in places})
        common = {"site": site, "host": address(site).host, "name": name, "contact": contact, "neutral": False}
        common["contact_pages"] = {code: address(url) for code, url in contacts.items()}
        self._languages = frozenset(locales)
        self._contacts = contacts
        self._per_day = per_day
        self._templates = Templates(locales, templates)
        self._blocks = Blocks(self._templates, names, common)
        self._press = Press(self._blocks, neutral)
        self._alerting = Alerting(self._press, self._blocks, sources)
        self._letter = lru_cache(KEPT)(self._compose_letter)

    @property
    def blocks(self) -> Blocks:
        """The blocks, for mails that are no bulletins."""
        return self._blocks

    @property
    def languages(self) -> frozenset[str]:
        """The languages that mails can be made in."""
        return self._languages

    @property
    def renders(self) -> int:
        """How many times a template was rendered so far."""
        return self._templates.renders

    def issue(self, surroundings: Surroundings, number: int) -> Issue:
        """What composes the digests of one window."""

        def shelf(language: str) -> Shelf:
            per_day, contacts = self._per_day, self._contacts
            return Shelf(self._blocks, self._press, surroundings, number, language, per_day=per_day, contacts=contacts)

        return Issue(shelf, self._known)

    def alert(self, alerts: Sequence[Alert], sent: datetime, edition: Edition) -> Composition:
        """A mail with one alert, or with several that leave together; `sent` is when it was written."""
        return self._alerting.alert(alerts, sent, self._known(edition))

    def correction(
        self, kind: BulletinKind, number: int, corrected: int, note: Note, story: Story | None, edition: Edition
    ) -> Composition:
        """The mail that says what was wrong in the bulletin `corrected`; with `story.marks.withdrawn`, all of it."""
        return self._alerting.correction(kind, number, corrected, note, story, self._known(edition))

    def lull(self, surroundings: Surroundings, number: int, choice: Choice) -> Composition:
        """The notice that nothing was found in `surroundings.window`, and which sources were looked at."""
        return self._alerting.lull(surroundings, number, replace(choice, edition=self._known(choice.edition)))

    def confirmation(self, schedule: Schedule, edition: Edition) -> Composition:
        """The mail that asks a new subscriber to confirm."""
        return self._letter(BulletinKind.CONFIRMATION, self._known(edition), schedule)

    def letter(self, kind: BulletinKind, edition: Edition) -> Composition:
        """The mail with a link to the settings, or one of those that confirm a change of address."""
        return self._letter(kind, self._known(edition))

    def slots(
        self, choice: Choice, picks: Sequence[Pick] = (), earlier: Mapping[str, Earlier] | None = None
    ) -> tuple[tuple[str, str], ...]:
        """What stands in the reader's own places: the phrase, and why each of these stories is sent.

        `earlier` says by followed name (as the reader wrote it) when it was last in the news, and with which story.
        """
        language = self._known(choice.edition).language
        return tuple(slots(self._blocks, choice, picks, earlier or {}, language))

    def _compose_letter(self, kind: BulletinKind, edition: Edition, schedule: Schedule | None = None) -> Composition:
        values = {"schedule": schedule} if schedule else {}
        return self._press.compose(kind, edition, values, folder=_FOLDERS.get(kind, ""))

    def _known(self, edition: Edition) -> Edition:
        return edition if edition.language in self._languages else replace(edition, language=FALLBACK)
