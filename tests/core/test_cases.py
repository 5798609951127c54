"""Persons and groups that a statement names as victims, and nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.catalogue.cases import load_case_book
from nkwatch.domain.reading import MentionKind
from nkwatch.reading.casebook import Case, CaseBook
from nkwatch.reading.cases import cases
from nkwatch.reading.cues import Words, either
from nkwatch.reading.folding import CJK, fold
from nkwatch.reading.names import name_key
from nkwatch.reading.people import Person, people_in
from tests.core.counting import lines_run

BOOK = load_case_book()


def people(texts: dict[str, str], book: CaseBook) -> tuple[Person, ...]:
    """Every name in the texts, in order."""
    return tuple(p for field, text in texts.items() for p in people_in(field, text, fold(text), book))


def keys(text: str, language: str = "en", title: str = "") -> set[str]:
    return {m.key for m in cases({"title": title, "text": text}, BOOK, language)}


def follow(*names: str) -> set[str]:
    return {BOOK.key(n) for n in names}


VICTIMS = [
    ("en", "Kim Nam-sil was forcibly returned to North Korea in October.", ["김남실"]),
    ("en", "We call for an end to the detention of pastor Cha Myong-gil.", ["차명길"]),
    ("en", "Ri Chol-min and Pak Sun-hui were detained in Dandong and sent back.", ["리철민", "박순희"]),
    ("en", "China arrested the escapees Ri Chol-min and Pak Sun-hui.", ["리철민", "박순희"]),
    ("en", "Authorities must release Jang Mi-ran, a 24-year-old student, and her sister.", ["장미란"]),
    ("en", "Han Myong-su, who fled in 2019 and was living in China, was arrested in Yanji.", ["한명수"]),
    ("en", "They released factory employee, Yu Song-il, last week.", ["유성일"]),
    ("en", "Jang Song-min’s whereabouts are unknown.", ["장성민"]),
    ("en", "The visitors met the family of Kim Dong-min, an abductee.", ["김동민"]),
    ("en", "American student Peter Quill was sentenced to 15 years of hard labour.", ["Peter Quill"]),
    ("en", "North Korea detained Jane Roe, a Canadian tourist, in May.", ["Roe Jane"]),
    ("en", "They remember Otto Warmbier.", ["오토 웜비어"]),
    ("en", "The father, Shigeru Yokota, never stopped asking.", ["横田めぐみ"]),
    ("ko", "억류된 차명길 선교사의 석방을 촉구했다.", ["Cha Myung-gil"]),
    ("ko", "중국 공안에 체포된 탈북민 이순희씨와 딸 박은정양이 북송될 위험에 처했다.", ["Lee Sun-hee", "Pak Un Jong"]),
    ("ko", "김철수(52)씨는 지난 10월 강제북송된 뒤 소식이 끊겼다.", ["Kim Chol Su"]),
    ("ko", "강제북송된 김남실의 가족이 기다린다.", ["Kim Nam-sil"]),
    ("ja", "拉致被害者の横田めぐみさんの帰りを待つ。", ["Megumi Yokota"]),
    ("ja", "拘束された金東順さんの家族が待っている。", ["金東順"]),
    ("ja", "特定失踪者山本太一さんの写真が公開された。", ["山本太一"]),
    ("ja", "パク・ミョンスさんは中国で逮捕され強制送還された。", ["パク・ミョンス"]),
    ("fr", "Le missionnaire Cha Myung-gil, détenu depuis 2013, doit rentrer.", ["차명길"]),
    ("fr", "L'arrestation de Pak Mi-sun a été confirmée.", ["박미선"]),
    ("fr", "Choe Yong-nam a été arrêtée à Dandong et rapatriée.", ["최영남"]),
    ("en", "Ri Mi-kyong, 19, and Ri Mi-ran, 23, were caught near the border.", ["리미경", "리미란"]),
    ("en", "Choe Yong-sik and Han Kwang-il were shot by border guards.", ["최영식", "한광일"]),
    ("en", "Pak Jong-ae has been missing since April.", ["박정애"]),
    ("en", "Kim Hyon-suk, a mother of two, faces deportation.", ["김현숙"]),
    ("en", "“My sister Kim Yong-hui was dragged into a van.”", ["김영희"]),
    ("en", "Han Myong-su worked in Yanji for years. He was arrested in May.", ["한명수"]),
    ("en", "President Ri Tae-song and Kim Nam-sil were arrested.", ["김남실"]),
    ("en", "Tae Un-bi Now Feared Dead", ["태은비"]),
    ("en", "Tae Song-ho was arrested for watching foreign films.", ["태성호"]),
    ("ko", "“우리 딸 정유미가 북송됐습니다.”", ["정유미"]),
    ("ko", "어머니 이영순 씨(48)와 딸 김은미(15) 양은 갇혀 있다.", ["이영순", "김은미"]),
    ("ko", "정유미씨는 옌지에서 일했다. 그는 지난달 체포됐다.", ["정유미"]),
    ("ja", "息子のパク・ミンホさんは連行され、行方が分からない。", ["パク・ミンホ"]),
    ("fr", "M. Han Dong-su a disparu le 4 mai. La réfugiée Pak Sun-ok a été arrêtée.", ["한동수", "박순옥"]),
]  # fmt: skip
NOBODY = [
    ("en", "Defector Chung Gwang-min said that his friend was executed."),
    ("en", "“This must end,” said Lina Frost, senior researcher, after a woman was sentenced."),
    ("en", "South Korean Unification Minister Kwon Yong-se was detained by a crowd of reporters."),
    ("en", "Ri Tae-song, the foreign minister, was arrested by nobody."),
    ("en", "Police officer Song Min-ho arrested two smugglers in Hyesan."),
    ("en", "In the film, Kim Hye-ja was arrested and tortured."),
    ("en", "Kim Jong Un was accused of crimes. By Nora Hall, detained"),
    ("en", "Pastor Cha Myong-gil spoke in Seoul."),
    ("en", "Kim Nam-sil waited for days because her sister was arrested."),
    ("ko", "(서울=연합뉴스) 홍길동 기자 = 통일부는 억류자 송환을 촉구했다."),
    ("ko", "권영수 통일부 장관은 억류자 석방을 촉구했다."),
    ("ko", "탈북민 정광민씨는 친구가 처형됐다고 말했다."),
    ("ko", "한국인 선교사가 전문가 의원과 만났다."),
    ("ja", "山田花子首相は拉致被害者の帰国を求めた。"),
    ("ja", "拘束された被害者さんたち"),
    ("fr", "« C'est grave », a déclaré Luc Martin, chercheur."),
    ("fr", "La porte-parole Marie Dupont a déclaré que des réfugiés étaient détenus."),
    ("en", "Ren Kessel, a scholar, was held up at the airport. Han Kwang-song was captured on video."),
    ("en", "In the film, two women were arrested."),
    ("en", "He was killed by two women. Eight in ten North Koreans were detained."),
    ("en", "Two women spoke at the launch. Two women recalled that he was arrested."),
    ("en", "Police arrested two hundred women. The children locked up"),
    ("en", "A family of North Koreans was arrested."),
    ("ko", "특별보고관 4명은 북송을 우려했다. 여성 3명이 노래했다."),
    ("ja", "拉致被害者の集会に800人が集まった。"),
    ("fr", "Il a été arrêté par deux hommes."),
    ("sw", "Kim Nam-sil was forcibly returned. Seven North Koreans were detained."),
]
GROUPS = [
    ("en", "Seven North Koreans held in Liaoning face forced return.", "group:7 escapees:liaoning"),
    ("ko", "탈북민 7명이 랴오닝에서 강제북송 위기에 놓였다.", "group:7 escapees:liaoning"),
    ("ja", "中国で拘束された脱北者7人が遼寧省から強制送還される恐れがある。", "group:7 escapees:liaoning"),
    ("fr", "Sept Nord-Coréens détenus dans le Liaoning risquent d'être renvoyés de force.", "group:7 escapees:liaoning"),
    ("en", "China has deported 27 escapees, activists said.", "group:27 escapees:china"),
    ("en", "At least 1,170 North Koreans face torture.", "group:1170 escapees"),
    ("en", "Twenty-nine people believed to be North Korean sought asylum in Beijing.", "group:29 escapees:beijing"),
    ("ko", "억류된 선교사 3명의 생사를 알 수 없다.", "group:3 missionaries"),
    ("ko", "일곱 명의 탈북민이 체포됐다.", "group:7 escapees"),
    ("ja", "逮捕された七人の脱北者", "group:7 escapees"),
    ("en", "Seven North Koreans are in Dandong. They face forced return.", "group:7 escapees:dandong"),
    ("en", "Eighty-two women were sent back.", "group:82 women"),
    ("en", "A mother and her daughter are held in Kunming.", "group:2 family:kunming"),
    ("en", "A family of nine was detained.", "group:9 family"),
    ("en", "Two brothers disappeared. Two North Koreans were detained.", "group:2 escapees"),
    ("en", "The detained missionaries are ill.", "group:missionaries"),
    ("en", "The missionaries detained in 2014 are ill.", "group:missionaries"),
    ("en", "The detained missionaries are three missionaries arrested in 2014.", "group:3 missionaries"),
    ("ko", "모녀 2명이 체포됐다.", "group:2 family"),
    ("ko", "일가족 5명이 체포됐다.", "group:5 family"),
    ("ko", "억류된 선교사들이 있다.", "group:missionaries"),
    ("ko", "주민 열두 명이 총살됐다.", "group:12 residents"),
    ("ja", "脱北者とみられる9人が雲南省で拘束された。", "group:9 escapees:yunnan"),
    ("ja", "一家4人が拘束された。", "group:4 family"),
    ("ja", "9人が連行された。", "group:9 people"),
    ("fr", "Sept femmes sont dans le Liaoning. Elles risquent d'être renvoyées.", "group:7 women:liaoning"),
    ("fr", "Une famille de quatre personnes a été arrêtée.", "group:4 family"),
    ("fr", "Les missionnaires détenus sont malades.", "group:missionaries"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "names"), VICTIMS)
def test_who_is_named_as_a_victim_is_a_case(language: str, text: str, names: list[str]) -> None:
    assert keys(text, language) == follow(*names)


@pytest.mark.parametrize(("language", "text"), NOBODY)
def test_who_only_speaks_writes_acts_or_rules_is_none(language: str, text: str) -> None:
    assert keys(text, language) == set()


@pytest.mark.parametrize(("language", "text", "key"), GROUPS)
def test_a_group_in_danger_has_one_key_in_all_languages(language: str, text: str, key: str) -> None:
    assert keys(text, language) == {key}


@pytest.mark.parametrize(
    "text",
    [
        "Seven North Koreans won medals.",
        "23,500 North Koreans were detained.",
        "North Koreans were detained.",
        "1 North Korean escapees was held.",
    ],
)
def test_figures_of_reports_and_groups_out_of_danger_are_no_cases(text: str) -> None:
    assert keys(text) == set()


def test_a_group_takes_its_place_from_the_title_where_its_sentence_has_none() -> None:
    title = "China: escapees at risk"
    assert keys("Seven North Koreans were detained.", title=title) == {"group:7 escapees:china"}


def test_a_group_named_with_and_without_its_place_is_one_case() -> None:
    text = "Seven North Koreans were detained. Seven escapees were held in Dandong."
    assert keys(text, title="China") == {"group:7 escapees:dandong"}


def test_a_group_in_a_town_is_not_named_again_for_its_country() -> None:
    text = "Seven escapees were held in China. They wait. Seven escapees were held in Dandong."
    assert keys(text) == {"group:7 escapees:dandong"}
    assert keys("Seven escapees were held in Dandong. Seven escapees were held in Kunming.") == {
        "group:7 escapees:dandong",
        "group:7 escapees:kunming",
    }


def test_each_key_stands_once_where_it_says_so_best_and_in_order() -> None:
    text = "Kim Nam-sil lived here. Kim Nam-sil was arrested. The arrest of Kim Nam Sil was denied. Otto Warmbier was kidnapped."
    found = cases({"title": "Warmbier’s parents", "text": text}, BOOK, "en")
    assert [(m.who.field, m.who.phrase) for m in found] == [("text", "Kim Nam Sil"), ("text", "Otto Warmbier")]
    assert all(m.kind is MentionKind.PERSON for m in found)


def test_people_are_found_in_any_role_but_bylines() -> None:
    text = "Arnold Vance told Kim Jong Un, President Kim Jong UN and Ri Chol-min. 홍길동 기자가 박은정 의원을 만났다. 山田花子議員"
    found = [p.key for p in people({"text": text}, BOOK)]
    assert found == [name_key(n) for n in ("Arnold Vance", "김정은", "김정은", "이철민", "박은정", "山田花子")]


def test_the_words_of_a_headline_are_not_taken_for_names() -> None:
    assert (
        people(
            {
                "title": "Forced Return Threatens Torture, Sexual Abuse, Grave Harm",
                "text": "JANE ROE was there all along",
            },
            BOOK,
        )
        == ()
    )


def test_a_line_ends_a_name() -> None:
    assert people({"text": "they were seen with Jane\nRoe and nobody else was there"}, BOOK) == ()


def test_a_book_without_words_finds_its_known_cases() -> None:
    book = CaseBook(known=(Case("Otto Warmbier"),), words={"en": Words()})
    found = cases({"text": "Otto Warmbier and Kim Nam-sil were arrested; seven escapees"}, book, "en")
    assert [m.key for m in found] == [name_key("Otto Warmbier")]


def test_a_known_name_inside_a_longer_word_is_none() -> None:
    assert keys("The Warmbiers and Warmbierland") == set()
    assert not CJK.search(either(["'s fate"]))


PIECES = [
    "Kim Nam-sil", "김남실", "横田めぐみさん", "Otto Warmbier", " was detained", "억류된 ", "拘束された", "seven North Koreans", "탈북민 7명", "脱北者7人",
    " and ", ", ", ". ", "\n", "。", "(", "52)", "기자", "President ", "said ", "China", "\u0301", "\U0001f600", "  ", "UN ", "’s", "-",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.sampled_from(["en", "ko", "ja", "fr", "de"]))
def test_offsets_reproduce_the_phrase_and_keys_are_unique(text: str, language: str) -> None:
    found = cases({"title": text[:30], "text": text}, BOOK, language)
    texts = {"title": text[:30], "text": text}
    for one in (*found, *people(texts, BOOK)):
        assert texts[one.who.field][one.who.start : one.who.end] == one.who.phrase != ""
    assert len({m.key for m in found}) == len(found)
    assert found == cases(texts, BOOK, language)


@pytest.mark.parametrize(
    "piece",
    [
        "A",
        "김",
        "亜",
        "Kim Nam-sil ",
        "Zorq ",
        "detained ",
        "two North Koreans detained ",
        "김남실(",
        "ア・",
        ". ",
        "1,111 ",
        "A-",
        "亜さん",
        "release the ",
    ],
)
def test_work_grows_no_faster_than_the_text(piece: str) -> None:
    once, twice = (lines_run(lambda n=n: cases({"text": piece * n}, BOOK, "en")) for n in (1000, 2000))
    assert twice <= 2.2 * once + 200


@pytest.mark.parametrize("text", ["A" * 1_000_000, "김" * 1_000_000, "Zorq " * 100_000])
def test_hostile_text_is_read_to_its_end(text: str) -> None:
    assert cases({"text": text}, BOOK, "en") == ()
