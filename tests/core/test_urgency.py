"""How fast a statement should reach people, and what takes the urgency away."""

import pytest

from nkwatch.domain.theme import Evidence, Urgency
from nkwatch.reading.themes import themes
from nkwatch.reading.urgency import LEAD, urgency
from tests.making import lexicon

SMALL = lexicon(
    {
        "theme:prisons": ["prison camp"],
        "theme:health": ["hospital"],
        "urgency:strong": ["imminent"],
        "urgency:moderate": ["arrested"],
        "urgency:dampers": ["was released", "anniversary"],
    }
)


def judge(title: str = "", text: str = "") -> tuple[Urgency, tuple[Evidence, ...]]:
    """The urgency of a statement."""
    hits = SMALL.hits("title", title, "en") + SMALL.hits("text", text, "en")
    return urgency(hits, themes(hits, SMALL.themes), SMALL.urgent_themes, {"title": title, "text": text})


@pytest.mark.parametrize(
    ("title", "text", "level"),
    [
        ("Execution imminent in prison camp", "", Urgency.URGENT),
        ("Two men", "They are in a prison camp. Death is imminent.", Urgency.URGENT),
        ("Closure of a hospital imminent", "", Urgency.NOTABLE),
        ("Five arrested, sent to prison camp", "", Urgency.NOTABLE),
        ("A report on a prison camp", "", Urgency.ROUTINE),
        ("Rain is imminent", "", Urgency.ROUTINE),
        ("", "", Urgency.ROUTINE),
    ],
)
def test_danger_now_on_a_theme_of_danger_is_urgent(title: str, text: str, level: Urgency) -> None:
    assert judge(title, text)[0] is level


def test_the_phrases_that_say_so_are_told() -> None:
    level, evidence = judge("Imminent transfer to prison camp", "Five were arrested.")
    assert (level, [e.phrase for e in evidence]) == (Urgency.URGENT, ["Imminent"])
    assert [e.phrase for e in judge("Prison camp", "Five were arrested.")[1]] == ["arrested"]


@pytest.mark.parametrize(
    ("title", "text", "level"),
    [
        ("Prison camp", "He was released when death was imminent.", Urgency.ROUTINE),
        ("Prison camp", "He was released. Her death is imminent.", Urgency.URGENT),
        # Japanese has no space behind a full stop
        ("Prison camp", "彼は was released。彼女の死は imminent。", Urgency.URGENT),
        ("Prison camp", "He was released\nHer death is imminent", Urgency.URGENT),
        ("Prison camp: he was released", "Her death is imminent.", Urgency.ROUTINE),
        ("Anniversary of the prison camp", "Five were arrested.", Urgency.ROUTINE),
        ("Imminent danger in prison camp", "His brother was released.", Urgency.URGENT),
        ("Prison camp", "On the anniversary of his death, one danger was imminent.", Urgency.ROUTINE),
    ],
)
def test_a_damper_takes_away_the_cues_of_its_sentence_and_one_in_the_title_all(
    title: str, text: str, level: Urgency
) -> None:
    assert judge(title, text)[0] is level


def test_what_stands_far_down_is_no_news() -> None:
    far = "x " * (LEAD // 2)
    assert judge("Prison camp", f"{far} imminent")[0] is Urgency.ROUTINE
    assert judge("Prison camp", f"Death is imminent. {far} He was released.")[0] is Urgency.URGENT
