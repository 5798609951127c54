"""Which dangers a text names for sure."""

import pytest

from nkwatch.reading.dangers import _PATTERNS, dangers
from nkwatch.reading.features import features
from nkwatch.reading.urgency import DANGERS
from tests.making import shipped_lexicon


def named(title: str, text: str = "", language: str = "en") -> list[tuple[str, str]]:
    texts = {"title": title, "text": text}
    hits = [h for field, one in texts.items() for h in shipped_lexicon().hits(field, one, language)]
    return [(s.code, s.seen.phrase) for s in dangers(features(hits), texts)]


def codes(title: str, text: str = "", language: str = "en") -> list[str]:
    return [code for code, _ in named(title, text, language)]


def test_every_list_that_makes_urgent_is_a_danger() -> None:
    assert set(_PATTERNS) == DANGERS


def test_dangers_stand_in_the_order_of_the_text_each_once_the_title_first() -> None:
    found = named("Arrests before the flood", "Floods. Two were deported. Arrested, deported, sentenced to prison.")
    assert found == [
        ("detention", "Arrests"),
        ("disaster", "flood"),
        ("forced_return", "deported"),
        ("sentence", "sentenced"),
    ]


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        ("en", "Guards open fire", ""),
        ("en", "Emergency talks", ""),
        ("en", "Forty dead", "Rescue goes on."),
        ("en", "Minister blasts plan", ""),
        ("en", "Executive board meets", ""),
        ("en", "", "They seized the goods."),
        ("en", "", "There is a risk of execution or disappearance."),
        ("en", "Shot after arrest", ""),
        ("en", "He went to hand over cooking oil", ""),
        ("ko", "통일부, 억류자 송환 촉구", ""),
        ("ko", "국경에 사살 명령", ""),
        ("ko", "소식통이 전했다", ""),
        ("ko", "", "체포 여부를 확인 중이다."),
        ("ja", "家族、送還を求める", ""),
        ("ja", "消息筋が伝えた", ""),
        ("fr", "Il faut arrêter la guerre", ""),
        ("fr", "L'exécutif se réunit", ""),
    ],
)
def test_words_that_may_mean_something_else_name_none(language: str, title: str, text: str) -> None:
    assert "detention" not in codes(title, text, language) or "억류" in title
    assert not {"execution", "disaster", "forced_return", "disappearance"} & set(codes(title, text, language))


@pytest.mark.parametrize(
    ("language", "title", "code"),
    [
        ("en", "Seven deported", "forced_return"),
        ("en", "Two students seized", "detention"),
        ("en", "Trader executed", "execution"),
        ("en", "Pastor missing in Dandong", "disappearance"),
        ("en", "Mine collapses", "disaster"),
        ("en", "Cholera outbreak", "epidemic"),
        ("en", "Student sentenced", "sentence"),
        ("ko", "탈북민 강제북송 위기", "forced_return"),
        ("ko", "선교사 실종", "disappearance"),
        ("ja", "脱北者に送還の恐れ", "forced_return"),
        ("ja", "高校生を処刑", "execution"),
        ("fr", "Deux pasteurs arrêtés", "detention"),
        ("fr", "Expulsion de réfugiés", "forced_return"),
    ],
)
def test_a_title_names_a_danger(language: str, title: str, code: str) -> None:
    assert codes(title, "", language) == [code]


def test_who_is_missing_in_a_disaster_did_not_disappear() -> None:
    assert codes("Typhoon: thirty missing") == ["disaster"]
    assert codes("Fire in hostel, thirty missing") == []
    assert codes("Thirty missing") == ["disappearance"]


def test_a_title_that_names_dangers_vaguely_is_believed_where_the_text_names_the_same() -> None:
    assert codes("Manhunt for a man", "He was to be deported.") == []
    assert codes("Manhunt for a man", "He was arrested and deported.") == ["detention"]
    assert codes("A man on a hill", "He was arrested and deported.") == ["detention", "forced_return"]
