"""What editors say of a story, in the language of who reads it."""

import pytest

from nkwatch.domain.desk import Marks, Note, Translation
from nkwatch.domain.source import Role
from nkwatch.domain.story import AlertState
from tests.making import NOW, report, story

NOTE = Note((("ko", "정정합니다."), ("en", "We correct this.")), "Ann", NOW)


def translated(statement_id: str, language: str) -> Translation:
    """An editor's translation of a statement."""
    return Translation(statement_id, language, "Titre", "Texte", "Ann", NOW)


@pytest.mark.parametrize(
    ("language", "told"), [("en", ("en", "We correct this.")), ("ko", NOTE.words[0]), ("fr", NOTE.words[0])]
)
def test_a_note_is_told_in_the_readers_language_or_as_it_was_written_first(
    language: str, told: tuple[str, str]
) -> None:
    assert NOTE.told_in(language) == told


def test_only_a_translation_of_what_leads_into_the_readers_language_is_told() -> None:
    of_lead, of_other = translated("lead", "fr"), translated("other", "ja")
    one = story(report("other", role=Role.PRESS), report("lead"), marks=Marks(translations=(of_other, of_lead)))
    assert one.translation("fr") == of_lead
    assert one.translation("ja") is None
    assert story().translation("fr") is None


@pytest.mark.parametrize("state", AlertState)
def test_a_story_whose_alert_waits_for_an_editor_was_not_looked_at(state: AlertState) -> None:
    assert story(alert=state).unreviewed is (state is AlertState.HELD)
