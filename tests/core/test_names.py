"""When two spellings are the same name."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.reading.names import korean_name, name_key, same_name
from nkwatch.reading.romanisation import SYLLABLES, revised, surnames

ONE_NAME = [
    ("김동철", "Kim Dong-chul", "Kim Tong-ch'ŏl", "Kim Tong-ch’ŏl", "Kim Dong Chul", "KIM Tong Chol", "Dong-chul Kim", "Kim Dongchul", "김동철(金東哲)", "Kim, Dong-cheol"),
    ("최금철", "Choe Kum Chol", "Choi Geum-cheol", "Ch'oe Kŭm-ch'ŏl"),
    ("이광수", "리광수", "Lee Kwang-soo", "Ri Kwang Su", "Yi Kwangsu", "Rhee Gwang-soo", "I Kwang-su", "이 광수"),
    ("박영호", "Pak Yong-ho", "Park Young-ho"),
    ("노무현", "로무현", "Roh Moo-hyun", "No Mu-hyŏn", "Noh Moo Hyun"),
    ("임현수", "림현수", "Lim Hyeon-soo", "Im Hyon-su", "Rim Hyon Su"),
    ("정용호", "정룡호", "Jung Yong-ho", "Jeong Ryong-ho", "Chong Ryong Ho", "Chung Yong-ho"),
    ("김정욱", "Kim Jung-wook", "Kim Jong-uk", "Kim Chŏng-uk"),
    ("김국기", "Kim Kook-kie", "Kim Kukki", "Kim Kuk-gi"),
    ("이정민", "Jung Min Lee", "Lee Jung-min", "Lee Jung Min"),
    ("한송이", "Han Song-i", "Han Song I"),
    ("남궁민수", "Namgung Min-su", "Min-soo Namkung"),
    ("김쥴민", "Kim Jyul-min", "kim jyul min"),
    ("Otto Warmbier", "WARMBIER, Otto", "otto  warmbier"),
    ("Hélène Châtelain", "Helene Chatelain", "He\u0301le\u0300ne Cha\u0302telain"),
]  # fmt: skip
DIFFERENT = [
    ("김동철", "김금철"), ("Kim Chol-ho", "Kim Chol-su"), ("Pak Yong-ho", "Kim Yong-ho"), ("김우성", "김오성"), ("김호", "김혜"),
    ("Otto Warmbier", "Fred Warmbier"), ("横田めぐみ", "横田早紀江"), ("Shin Dong-hyuk", "Shim Dong-hyuk"), ("No One", "Yun One"),
]  # fmt: skip
koreans = st.builds(
    lambda surname, given: surname + "".join(given),
    st.sampled_from([s for s in surnames().rank if len(s) == 1]),
    st.lists(st.sampled_from(SYLLABLES), min_size=2, max_size=2),
)


@pytest.mark.parametrize("spellings", ONE_NAME, ids=lambda s: s[0])
def test_all_spellings_of_a_name_have_one_key(spellings: tuple[str, ...]) -> None:
    assert len({name_key(s) for s in spellings}) == 1
    assert all(same_name(spellings[0], s) for s in spellings)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)
    assert not same_name(one, other)


def test_hangul_tells_apart_what_the_key_cannot() -> None:
    assert name_key("김정은") == name_key("김종은")
    assert not same_name("김정은", "김종은")
    assert same_name("김정은", "Kim Jong-un")
    assert same_name("김종은", "Kim Jong-un")
    assert not same_name("Kim Jŏng-ŭn", "김종은")


@pytest.mark.parametrize("words", ["", "   ", "()", "-", "’"])
def test_what_is_no_name_has_no_key(words: str) -> None:
    assert not name_key(words)


@pytest.mark.parametrize(
    "name",
    ["Kim", "Megumi Yokota", "김", "김쥴민", "Kim a b c d", "Kim Phuc", "Kim Dong Chul Ho", "가나다", "横田めぐみ"],
)
def test_what_is_not_korean_is_not_read_as_korean(name: str) -> None:
    assert korean_name(name) is None


@given(koreans)
def test_a_key_is_its_own_key_in_any_case_hyphens_or_spaces(hangul: str) -> None:
    key = name_key(hangul)
    surname, first, second = key.split(" ")
    hyphened = f"{surname} {first}-{second}"
    for written in (
        hyphened,
        hyphened.upper(),
        f" {surname.title()}\u00a0 {first.title()}-{second}",
        f"{first}-{second} {surname}",
    ):
        assert name_key(written) == key
    if hangul[0] in "김이박최":
        assert name_key(key) == name_key(f"{surname}, {first} {second}") == key


@given(koreans)
def test_hangul_and_its_revised_romanisation_have_one_key(hangul: str) -> None:
    latin = f"{revised(hangul[0])} {revised(hangul[1])}-{revised(hangul[2])}"
    assert name_key(hangul) == name_key(latin)
    assert same_name(hangul, latin)


@given(koreans)
def test_hangul_in_pieces_is_the_same(hangul: str) -> None:
    assert name_key(unicodedata.normalize("NFD", hangul)) == name_key(hangul)


@given(st.text(max_size=200))
def test_any_text_has_a_key_that_is_stable(text: str) -> None:
    assert name_key(text) == name_key(text.strip() if len(text) <= 100 else text[:100])
    assert same_name(text, text)


def test_a_name_of_a_million_letters_is_cut() -> None:
    assert len(name_key("Kim " * 250_000)) <= 100
