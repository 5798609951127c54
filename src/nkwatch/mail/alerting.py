"""Composes what is told at once or in a few words: alerts, what was wrong in a bulletin, and that nothing was found.

Each is rendered once for all readers of an edition. What is hashed for each of them are numbers and ids: a story as a
whole never is, and it is compared only with the one that was told under the same.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from nkwatch.domain.alert import Alert
from nkwatch.domain.bulletin import BulletinKind, Composition, Window
from nkwatch.domain.desk import Note
from nkwatch.domain.source import Source
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Choice, Edition, Schedule
from nkwatch.domain.surroundings import Surroundings
from nkwatch.mail.blocks import Blocks
from nkwatch.mail.facts import ChangeView, Facts, FactView
from nkwatch.mail.press import Press
from nkwatch.mail.stories import StoryView
from nkwatch.mail.views import plain, tag
from nkwatch.mail.watching import watch_view
from nkwatch.mail.widths import shorten

#: How many compositions of each sort are kept.
KEPT = 512
#: Room for an editor's name and words, in columns: more than anybody writes, and not more than mail programs show.
EDITOR_WIDTH, WORDS_WIDTH = 100, 9_000

_PARAGRAPHS = re.compile(r"\n\s*\n")
_FOLDERS = {BulletinKind.ALERT_CORRECTION: "alert_correction", BulletinKind.DIGEST_CORRECTION: "digest_correction"}


@dataclass(frozen=True, slots=True)
class AlertView:
    """One of the alerts in a mail. `follows` is the number of the alert that an update follows, else 0."""

    number: int
    follows: int
    fact: FactView
    changes: tuple[ChangeView, ...]
    story: StoryView

    @property
    def opens(self) -> bool:
        """Whether a fact was found that the mail can open with; else the title opens it."""
        return bool(self.fact.danger or self.fact.details)


@dataclass(frozen=True, slots=True)
class WordsView:
    """An editor's words in full, by paragraphs, signed."""

    paragraphs: tuple[str, ...]
    language: str
    editor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Mail:
    """All that a mail with alerts depends on."""

    numbers: tuple[int, ...]
    sent: datetime
    edition: Edition
    alerts: tuple[Alert, ...] = field(hash=False)


@dataclass(frozen=True, slots=True)
class _Correction:
    """All that a correction depends on."""

    kind: BulletinKind
    number: int
    corrected: int
    note: Note
    edition: Edition
    story: Story | None = field(hash=False)


@dataclass(frozen=True, slots=True)
class _Lull:
    """All that a notice of silence depends on."""

    window: Window
    number: int
    schedule: Schedule
    edition: Edition
    surroundings: Surroundings = field(hash=False)


class Alerting:
    """Composes alerts, corrections and notices. The language of an edition is one that has translations."""

    def __init__(self, press: Press, blocks: Blocks, sources: Mapping[str, Source]) -> None:
        """`sources` say in which language a publisher writes its name."""
        self._press = press
        self._blocks = blocks
        self._sources = sources
        self._facts = Facts(blocks.names)
        self._alert = lru_cache(KEPT)(self._compose_alert)
        self._correction = lru_cache(KEPT)(self._compose_correction)
        self._lull = lru_cache(KEPT)(self._compose_lull)

    def alert(self, alerts: Sequence[Alert], sent: datetime, edition: Edition) -> Composition:
        """A mail with one alert, or with several that leave together, in their order; `sent` is when it was written."""
        return self._alert(_Mail(tuple(a.number for a in alerts), sent, edition, tuple(alerts)))

    def correction(
        self, kind: BulletinKind, number: int, corrected: int, note: Note, story: Story | None, edition: Edition
    ) -> Composition:
        """The mail that says what was wrong in the bulletin `corrected`; with `story.marks.withdrawn`, all of it."""
        return self._correction(_Correction(kind, number, corrected, note, edition, story))

    def lull(self, surroundings: Surroundings, number: int, choice: Choice) -> Composition:
        """The notice that nothing was found in `surroundings.window`, and which sources were looked at."""
        return self._lull(_Lull(surroundings.window, number, choice.schedule, choice.edition, surroundings))

    def _compose_alert(self, mail: _Mail) -> Composition:
        language = mail.edition.language
        views = [self._view(alert, language) for alert in mail.alerts]
        values = {"alerts": views, "sent": mail.sent}
        stories = tuple(alert.story.id for alert in mail.alerts)
        return self._press.compose(BulletinKind.ALERT, mail.edition, values, stories=stories)

    def _view(self, alert: Alert, language: str) -> AlertView:
        return AlertView(
            number=alert.number,
            follows=alert.follows,
            fact=self._facts.view(alert.story, language),
            changes=self._facts.changes(alert.changes, language),
            story=self._blocks.long_view(alert.story, language),
        )

    def _compose_correction(self, mail: _Correction) -> Composition:
        language, story = mail.edition.language, mail.story
        values: dict[str, Any] = {
            "number": mail.number,
            "corrected": mail.corrected,
            "of_alert": mail.kind is BulletinKind.ALERT_CORRECTION,
            "withdrawn": story is not None and story.marks.withdrawn,
            "note": _words(mail.note, language),
            "story": self._blocks.long_view(story, language) if story else None,
        }
        stories = (story.id,) if story else ()
        return self._press.compose(mail.kind, mail.edition, values, stories=stories, folder=_FOLDERS[mail.kind])

    def _compose_lull(self, mail: _Lull) -> Composition:
        values = {
            "window": mail.window,
            "number": mail.number,
            "schedule": mail.schedule,
            "watch": watch_view(mail.surroundings.watch, self._sources),
            "held": mail.surroundings.held,
        }
        return self._press.compose(BulletinKind.LULL, mail.edition, values)


def _words(note: Note, language: str) -> WordsView:
    spoken, words = note.told_in(language)
    return WordsView(tuple(_paragraphs(words)), tag(spoken), shorten(plain(note.editor), EDITOR_WIDTH), note.at)


def _paragraphs(words: str) -> Iterable[str]:
    return filter(None, map(plain, _PARAGRAPHS.split(shorten(plain(words, lines=True), WORDS_WIDTH))))
