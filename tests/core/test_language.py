"""The language of a statement: what its script says, else what the model says, its source heard first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.reading.language import LOOKED_AT, language


@pytest.mark.parametrize(
    ("text", "declared", "spoken"),
    [
        ("북한 인권 상황에 관한 보고서", "en", "ko"),
        ("UN 특별보고관, 북한 강제북송 우려 표명", "", "ko"),
        ("北朝鮮による拉致被害者の即時帰国を求める", "en", "ja"),
        ("朝鲜人权状况", "zh-CN", "zh"),
        ("Права человека в Северной Корее", "", "ru"),
        ("حقوق الإنسان في كوريا الشمالية", "", "ar"),
    ],
)
def test_the_script_decides(text: str, declared: str, spoken: str) -> None:
    assert language(text, declared) == spoken


@pytest.mark.parametrize(
    ("text", "declared", "spoken"),
    [
        ("Les familles attendent une réponse depuis quarante ans", "", "fr"),
        ("Die Familien warten seit vierzig Jahren auf eine Antwort", "en", "de"),
        ("Las familias esperan una respuesta desde hace cuarenta años", "en", "es"),
        ("The families have waited forty years for an answer", "fr", "en"),
        ("An English text in a Korean feed", "ko", "en"),
        ("An English text in a Japanese feed", "ja-JP", "en"),
    ],
)
def test_where_the_script_does_not_tell_the_words_do(text: str, declared: str, spoken: str) -> None:
    assert language(text, declared) == spoken


@pytest.mark.parametrize("declared", ["en", "fr", "de", "es", "pl"])
@pytest.mark.parametrize("title", ["Kim Jong Un", "UN vote", "Pyongyang: KCNA"])
def test_a_title_of_names_alone_is_in_the_language_of_its_source(title: str, declared: str) -> None:
    assert language(title, declared) == declared


@pytest.mark.parametrize(
    "text",
    [
        "Families call for an answer (가족들의 호소)",
        "The word ほうれんそう appears once in this long sentence",
        "The banner read 北韓人權 and nobody took it down all day",
    ],
)
def test_a_caption_in_another_script_changes_nothing(text: str) -> None:
    assert language(text, "en") == "en"


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        # too few words of English to spare asking
        ("Was wird aus dem Lager im Norden: the silence", "de"),
        ("Las familias esperan una respuesta al sur de la frontera desde hace cuarenta años", "es"),
        ("They asked for a name, and the guards said that there was none", "en"),
        ("Les familles des disparus sont sans réponse et une enquête est demandée", "fr"),
    ],
)
def test_a_few_words_alike_do_not_make_a_text_one_of_the_declared_language(text: str, spoken: str) -> None:
    assert [language(text, declared) for declared in ("en", "fr")] == [spoken, spoken]


def test_a_headline_without_kana_is_in_the_language_of_its_source_and_a_long_text_is_chinese() -> None:
    assert language("日朝首脳会談開催", "ja") == "ja"
    assert language("日朝首脳会談開催", "en") == "zh"
    assert language("联合国人权事务高级专员办事处公布报告" * 4, "ja") == "zh"


@pytest.mark.parametrize(
    ("text", "declared", "spoken"),
    [
        ("", "fr", "fr"),
        ("2026", "en_US", "en"),
        ("2026", "eN-us", "en"),
        ("", "", "en"),
        ("2026", "English", "en"),
    ],
)
def test_a_language_is_always_two_letters_and_english_where_nobody_knows(text: str, declared: str, spoken: str) -> None:
    assert language(text, declared) == spoken


def test_what_stands_far_down_is_not_looked_at() -> None:
    assert language("They have waited forty years for an answer. " * 60 + "북한 인권 " * LOOKED_AT, "") == "en"


@given(st.text(), st.sampled_from(["", "en", "ko", "ja", "fr"]))
def test_any_text_has_one_language_and_always_the_same(text: str, declared: str) -> None:
    found = language(text, declared)
    assert len(found) == 2
    assert found.isascii()
    assert found.islower()
    assert language(text, declared) == found
