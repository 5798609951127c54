"""Corrections: what an editor said stands, the rest stays as it was read, and alerts follow."""

from dataclasses import replace
from typing import Any

import pytest

from nkwatch.domain.correction import (
    Changes,
    Corrected,
    Correction,
    Filed,
    Shift,
    alarming,
    changes,
    corrected,
    tally,
)
from nkwatch.domain.reading import Evidence, Finding, Urgency
from nkwatch.domain.story import AlertState
from nkwatch.domain.theme import ThemeKind
from tests.making import NOW, context, finding, reading, statement

RIGHTS = ThemeKind.RIGHTS
CUE = (Evidence("text", 0, 5, "Three"),)


def correction(**said: Any) -> Correction:
    """What Jin said of the reading of s1."""
    return Correction(**({"statement_id": "s1", "revision": 1, "rules": "test.1", "at": NOW, "editor": "Jin"} | said))


def urgent(**fields: Any) -> Any:
    """An urgent reading."""
    return reading(**({"urgency": Urgency.URGENT, "urgency_evidence": CUE} | fields))


def test_what_the_editor_said_stands_and_the_rest_stays_as_it_was_read() -> None:
    read = urgent(themes=(finding("prisons"), finding("women")))
    said = correction(themes=(("refugees", RIGHTS), ("women", RIGHTS)), note="border")
    after = corrected(read, said)
    assert [f.code for f in after.themes] == ["refugees", "women"]
    assert after.themes[0] == Finding("refugees", RIGHTS, 0.0, ())
    assert after.themes[1] == finding("women")
    assert (after.urgency, after.urgency_evidence, after.relevance) == (Urgency.URGENT, CUE, read.relevance)
    assert isinstance(after, Corrected)
    assert (after.correction.editor, after.as_read) == ("Jin", read)


def test_without_a_correction_or_after_an_undo_the_reading_is_the_one_of_the_rules() -> None:
    read = reading()
    assert corrected(read, None) is read
    assert corrected(read, correction()) is read
    assert correction().undoes
    assert not correction(about_nk=False).undoes


def test_what_an_editor_took_off_north_korea_has_no_themes_and_is_routine() -> None:
    after = corrected(urgent(), correction(about_nk=False))
    assert (after.about_nk, after.themes, after.urgency, after.urgency_evidence) == (False, (), Urgency.ROUTINE, ())
    assert not after.on_rights


def test_phrases_that_decided_for_another_urgency_explain_nothing() -> None:
    assert corrected(urgent(), correction(urgency=Urgency.NOTABLE)).urgency_evidence == ()


def test_a_second_correction_keeps_what_the_first_said_of_other_parts() -> None:
    first = correction(themes=(("women", RIGHTS),), urgency=Urgency.NOTABLE)
    second = correction(urgency=Urgency.URGENT, editor="Mina")
    whole = second.after(first)
    assert (whole.themes, whole.urgency, whole.editor) == (first.themes, Urgency.URGENT, "Mina")
    assert correction(themes=()).after(first).themes == ()
    assert second.after(None) is second
    assert correction().after(first).undoes


def test_only_an_urgent_statement_on_rights_in_north_korea_raises_an_alert() -> None:
    assert alarming(urgent())
    assert not alarming(reading())
    assert not alarming(urgent(themes=(context(),)))
    assert not alarming(urgent(about_nk=False))


# What follows for the story


NO, YES = reading(about_nk=False, themes=()), reading()


@pytest.mark.parametrize(
    ("before", "after", "said", "leaves"),
    [
        (YES, NO, None, True),
        (YES, YES, None, False),
        (NO, YES, None, False),
        (NO, NO, None, False),
        (NO, NO, correction(note="looked"), False),
        (NO, NO, correction(about_nk=False), True),
        (YES, NO, correction(about_nk=False), True),
    ],
)
def test_a_statement_leaves_its_story_when_it_goes_off_north_korea(
    before: Any, after: Any, said: Any, leaves: bool
) -> None:
    assert Shift(before, after, said).leaves is leaves


MARKED = correction(urgency=Urgency.URGENT)
LOWERED = correction(urgency=Urgency.ROUTINE)


@pytest.mark.parametrize("state", list(AlertState))
def test_marked_urgent_by_an_editor_the_alert_is_asked_anew_unless_it_was_decided(state: AlertState) -> None:
    for before in (reading(), urgent()):
        to = Shift(before, urgent(), MARKED).alert(state, others=False)
        undecided = state in {AlertState.OPEN, AlertState.NONE, AlertState.HELD}
        assert to == ((AlertState.OPEN, "marked urgent by Jin, an editor") if undecided else None)


@pytest.mark.parametrize("state", list(AlertState))
def test_lowered_by_an_editor_an_alert_that_has_not_gone_is_none(state: AlertState) -> None:
    to = Shift(urgent(), reading(), LOWERED).alert(state, others=False)
    why = "no report of it is urgent any more: corrected by Jin, an editor"
    stopped = state in {AlertState.OPEN, AlertState.HELD, AlertState.RELEASED}
    assert to == ((AlertState.NONE, why) if stopped else None)


def test_another_urgent_report_keeps_the_alert_where_it_is() -> None:
    assert Shift(urgent(), reading(), LOWERED).alert(AlertState.HELD, others=True) is None


def test_other_rules_stop_nothing_that_an_editor_released() -> None:
    shift = Shift(urgent(), reading(rules="test.2"))
    assert shift.alert(AlertState.RELEASED, others=False) is None
    assert shift.alert(AlertState.HELD, others=False) == (
        AlertState.NONE,
        "no report of it is urgent any more: read anew by the rules test.2",
    )


def test_other_rules_ask_anew_only_about_what_they_raised() -> None:
    assert Shift(reading(), urgent()).alert(AlertState.NONE, others=False) == (
        AlertState.OPEN,
        "read anew by the rules test.1",
    )
    assert Shift(urgent(), urgent()).alert(AlertState.HELD, others=False) is None


def test_old_news_is_never_asked_about_because_it_was_read_anew() -> None:
    old = Shift(reading(), urgent(), news=False)
    assert old.alert(AlertState.NONE, others=False) is None
    assert old.first_alert == (AlertState.NONE, "old when it was read by the rules test.1")


def test_a_story_that_opens_by_a_correction_asks_about_an_alert_when_it_is_urgent() -> None:
    assert Shift(NO, urgent(), MARKED).first_alert == (AlertState.OPEN, "marked urgent by Jin, an editor")
    assert Shift(NO, YES, correction(about_nk=True)).first_alert == (AlertState.NONE, "")


# Counting


def test_what_changed_is_counted_once_for_each_statement() -> None:
    other = (finding("women"), finding("prisons"))
    total = sum(
        (
            changes(NO, YES),
            changes(YES, NO),
            changes(YES, urgent(themes=other)),
            changes(urgent(themes=other), urgent(themes=other[::-1])),
        ),
        Changes(),
    )
    assert total == Changes(4, about_nk_gained=1, about_nk_lost=1, themes_changed=3, urgency_raised=1)
    assert changes(urgent(), reading()).urgency_lowered == 1


def test_corrections_are_counted_against_the_readings_by_rules() -> None:
    filed = Filed(statement(), reading())
    found = [
        replace(filed, correction=correction(themes=(("women", RIGHTS),))),
        replace(filed, correction=correction(themes=(("women", RIGHTS), ("prisons", RIGHTS)))),
        replace(filed, reading=urgent(rules="test.0"), correction=correction(about_nk=False)),
    ]
    older, newer = tally(found)
    assert (older.rules, older.changes.about_nk_lost, older.changes.urgency_lowered) == ("test.0", 1, 1)
    assert (newer.themes_added, newer.themes_removed) == ({"women": 2}, {"prisons": 1})
    assert newer.changes == Changes(2, themes_changed=2)
    assert tally([]) == []
