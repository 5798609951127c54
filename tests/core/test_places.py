"""Places that texts name: found with all other terms, the longest where they overlap, and only where somebody is."""

import unicodedata

import pytest

from nkwatch.domain.place import Place, around, depth, lies_in
from nkwatch.reading import read
from nkwatch.reading.places import places
from nkwatch.reading.rules import Rules
from tests.making import rules, shipped_rules, statement

TOWN = Place(
    "kp.north.town", "KP", {"en": "Town", "ko": "마을"}, {"en": ("Riverton",), "ko": ("강마을",)}, ("강마을버스",)
)
RIVER = Place("kp.river", "KP", {"en": "River"}, {"en": ("Riverton Water",)})


def small() -> Rules:
    return rules({"names": ["North Korea"]}, places=(TOWN, RIVER))


def found(title: str, text: str = "", language: str = "en") -> list[tuple[str, str]]:
    """The places of a text on North Korea, by the rules that ship."""
    texts = {"title": title, "text": text}
    hits = [h for field, one in texts.items() for h in shipped_rules().lexicon.hits(field, one, language)]
    return [(s.code.rpartition(".")[2], s.seen.phrase) for s in places(hits, texts)]


def codes(title: str, text: str = "", language: str = "en") -> list[str]:
    return [code for code, _ in found(title, text, language)]


def test_a_place_has_a_name_in_every_language_and_lies_in_others() -> None:
    assert (TOWN.name("ko"), TOWN.name("fr")) == ("마을", "Town")
    assert lies_in("kp.north.town", "kp.north")
    assert not lies_in("kp.north", "kp.north")
    assert not lies_in("kp.northern", "kp.north")
    assert (depth("kp"), depth(TOWN.code)) == (1, 3)
    assert around(TOWN.code) == ("kp", "kp.north", "kp.north.town")


def test_rules_look_for_the_terms_of_their_places_beside_all_others() -> None:
    whole = small()
    assert whole.places == (TOWN, RIVER)
    assert {"Riverton", "North Korea"} <= {t.phrase for t in whole.lexicon.terms}
    one = statement(title="North Korea: arrests in Riverton", text="강마을버스 강마을, Riverton Water and Riverton")
    seen = read(one, whole).places
    assert [(s.code, s.seen.field, s.seen.phrase) for s in seen] == [
        ("kp.north.town", "title", "Riverton"),
        ("kp.river", "text", "Riverton Water"),
    ]


def test_a_text_that_is_not_on_north_korea_has_none() -> None:
    nothing = read(statement(title="Riverton", text="Seven people in Riverton"), small())
    assert (nothing.places, nothing.people, nothing.dangers) == ((), (), ())


@pytest.mark.parametrize(
    ("language", "text", "code"),
    [
        ("en", "They are held in Dandong.", "dandong"),
        ("en", "A flood in Sinuiju", "sinuiju"),
        ("en", "taken to Camp No. 16", "camp_16"),
        ("en", "shot on the frozen Tumen", "tumen_river"),
        ("en", "shot by the Tumen River", "tumen_river"),
        ("en", "held at Tumen", "tumen"),
        ("en", "a flat in Pyongyang", "pyongyang"),
        ("en", "China detains seven", "cn"),
        ("ko", "단둥에서 체포됐다", "dandong"),
        ("ko", "개성공단에서", "kaesong"),
        ("ko", "함북 무산군 주민", "musan"),
        ("ko", "내몽골에서 붙잡혔다", "inner_mongolia"),
        ("ja", "豆満江で射殺", "tumen_river"),
        ("ja", "中国・瀋陽で拘束", "shenyang"),
        ("ja", "タイ北部で拘束", "th"),
        ("fr", "détenus à Koursk", "kursk"),
        ("fr", "au bord du fleuve Tumen", "tumen_river"),
        ("zh", "被关押在图们市", "tumen"),
        ("de", "in Wladiwostok festgenommen", "vladivostok"),
        ("es", "detenidos en Camboya", "kh"),
    ],
)
def test_texts_name_places_in_their_own_ways(language: str, text: str, code: str) -> None:
    assert code in codes("", text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ko", "청진기를 든 의사"),
        ("ko", "회담이 무산됐다"),
        ("ko", "개성이 강한 사람"),
        ("ko", "꼭 해주시길 바란다"),
        ("ko", "형평성에 어긋난다"),
        ("ko", "쌀의 원산지"),
        ("ko", "국위를 선양하다"),
        ("ko", "드러나진 않았다"),
        ("ko", "중국인 남편"),
        ("ja", "ネクタイを締めた"),
        ("ja", "スタイルのいい"),
        ("ja", "中国人の夫"),
        ("en", "Pyongyang says that all is well"),
        ("en", "Beijing rejects it"),
        ("en", "on the South China Sea"),
        ("en", "a flight to Thailand"),
        ("en", "the Panmunjom Declaration"),
        ("fr", "Pékin refuse"),
    ],
)
def test_what_only_looks_like_a_place_is_none(language: str, text: str) -> None:
    assert codes("", text, language) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "She fled Chongjin in 2009"),
        ("en", "a native of Hyesan"),
        ("en", "a woman from Hoeryong"),
        ("en", "a man born in the Sinuiju area"),
        ("en", "a relative in Yanji says"),
        ("en", "UN officials in Pyongyang say"),
        ("en", "the consulate in Shenyang"),
        ("en", "flown home via Kunming"),
        ("en", "a train bound for Dandong"),
        ("en", "a Dandong-based trader"),
        ("en", "in Pyongyang's hands"),
        ("en", "the Shenyang consulate"),
        ("en", "BANGKOK, Thailand – Seven were taken."),
        ("ko", "혜산 출신 여성"),
        ("ko", "선양 총영사관"),
        ("ko", "단둥 특파원"),
        ("ko", "(옌지=연합뉴스) 기자 = 탈북민이 체포됐다"),
        ("ja", "清津出身の女性"),
        ("ja", "瀋陽総領事館"),
        ("fr", "une femme née à Hyesan"),
        ("fr", "originaire de Chongjin"),
    ],
)
def test_where_somebody_comes_from_goes_to_or_may_help_from_is_no_place(language: str, text: str) -> None:
    assert codes("", text, language) == []


def test_each_place_stands_once_and_the_title_comes_first() -> None:
    assert found("Hyesan arrests", "In Dandong and Hyesan; in Dandong.") == [
        ("hyesan", "Hyesan"),
        ("dandong", "Dandong"),
    ]


def test_letters_that_are_written_apart_are_found_where_they_stand() -> None:
    title, text = "북한 회령 주민 체포", "회령에서 일곱 명이 체포돼 처형 위기"
    apart = statement(title=unicodedata.normalize("NFD", title), text=unicodedata.normalize("NFD", text), language="ko")
    reading = read(apart, shipped_rules())
    seen = [*(s.seen for s in (*reading.places, *reading.dangers)), *(h.seen for h in reading.people)]
    assert (reading.places[0].code, reading.people[0].number) == ("kp.north_hamgyong.hoeryong", 7)
    assert reading.dangers[0].code == "detention"
    assert all(getattr(apart, e.field)[e.start : e.end] == e.phrase for e in seen)
