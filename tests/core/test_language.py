"""The language of a statement: what its script says, else what its source says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.reading.language import language


@pytest.mark.parametrize(
    ("text", "declared", "spoken"),
    [
        ("북한 인권 상황에 관한 보고서", "en", "ko"),
        ("UN 특별보고관, 북한 강제북송 우려 표명", "", "ko"),
        ("北朝鮮による拉致被害者の即時帰国を求める", "en", "ja"),
        ("Families call for an answer (가족들의 호소)", "en", "en"),
        ("The word ほうれんそう appears once in this long sentence", "en", "en"),
        ("Les familles attendent une réponse", "fr-FR", "fr"),
        ("An English text in a Korean feed", "ko", "en"),
        ("An English text in a Japanese feed", "ja-JP", "en"),
        ("朝鲜人权状况", "zh-CN", "zh"),
        ("2026", "en", "en"),
        ("", "fr", "fr"),
    ],
)
def test_the_script_decides_else_the_source(text: str, declared: str, spoken: str) -> None:
    assert language(text, declared) == spoken


@pytest.mark.parametrize(("text", "declared"), [("", "en-GB"), ("2026", "en_US"), ("Freed", "EN"), ("Freed", "eN-us")])
def test_a_language_is_always_its_two_letters(text: str, declared: str) -> None:
    assert language(text, declared) == "en"


@given(st.text(), st.sampled_from(["en", "ko", "ja", "fr"]))
def test_any_text_has_one_of_the_languages_it_may_have(text: str, declared: str) -> None:
    assert language(text, declared) in {"en", "ko", "ja", "fr"}
