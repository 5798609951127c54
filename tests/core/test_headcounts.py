"""Numbers of people: what is one, how it is written in four languages, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.reading.headcounts import MOST, headcounts
from nkwatch.reading.people_words import BY_LANGUAGE
from tests.core.counting import lines_run


def counted(language: str, text: str) -> list[tuple[int, str]]:
    return [(h.number, h.seen.phrase) for h in headcounts({"title": "", "text": text}, language)]


@pytest.mark.parametrize(
    ("language", "text", "number", "phrase"),
    [
        ("en", "Police hold 27 North Korean refugees.", 27, "27 North Korean refugees"),
        ("en", "Eleven young women were taken.", 11, "Eleven young women"),
        ("en", "Some 1,600 people lost their homes.", 1_600, "1,600 people"),
        ("en", "About 2000 people fled.", 2_000, "2000 people"),
        ("en", "1.2 million people are ill.", 1_200_000, "1.2 million people"),
        ("en", "Two hundred workers struck.", 200, "Two hundred workers"),
        ("en", "They hold twenty-two men.", 22, "twenty-two men"),
        ("en", "A family of five was taken.", 5, "family of five"),
        ("en", "The crew of 11 is held.", 11, "crew of 11"),
        ("ko", "탈북민 7명이 체포됐다.", 7, "7명"),
        ("ko", "주민 1만8천여 명이 격리됐다.", 18_000, "1만8천여 명"),
        ("ko", "여성 일곱 명이 끌려갔다.", 7, "일곱 명"),
        ("ko", "두 사람은 연락이 끊겼다.", 2, "두 사람"),
        ("ko", "청년 스물두 명이 있다.", 22, "스물두 명"),
        ("ja", "脱北者7人を拘束した。", 7, "7人"),
        ("ja", "脱北者１２名が拘束された。", 12, "１２名"),
        ("ja", "18万人が感染した。", 180_000, "18万人"),
        ("ja", "一家五人が連行された。", 5, "五人"),
        ("fr", "Sept réfugiés sont détenus.", 7, "Sept réfugiés"),
        ("fr", "Il y a 60\u202f000 personnes isolées.", 60_000, "60\u202f000 personnes"),
        ("fr", "Ils ont arrêté deux jeunes femmes.", 2, "deux jeunes femmes"),
        ("fr", "1,2 million de personnes attendent.", 1_200_000, "1,2 million de personnes"),
        ("fr", "Une famille de cinq a disparu.", 5, "famille de cinq"),
    ],
)
def test_a_number_and_a_word_for_people_is_one(language: str, text: str, number: int, phrase: str) -> None:
    assert counted(language, text) == [(number, phrase)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "In 2014 women were returned."),
        ("en", "For 70 years North Koreans have suffered."),
        ("en", "It cost $50 people said."),
        ("en", "16-year-old girls were there."),
        ("en", "One in 10 people is hungry."),
        ("en", "Up to 600 people may be there."),
        ("en", "20 to 30 people came."),
        ("en", "20-30 people came."),
        ("en", "One woman was taken."),
        ("en", "Hundreds of people were taken, a dozen women among them."),
        ("en", "Two women's groups asked."),
        ("en", "A father and two children were taken."),
        ("en", "Two women and a child were taken."),
        ("en", "2.5 people live in each room."),
        ("en", "70 percent of women agree."),
        ("en", "Four other women were taken."),
        ("en", "Two people with knowledge of it spoke."),
        ("en", "Three residents of Musan said so."),
        ("en", "A family of two brothers' making."),
        ("ko", "2014년 여성들이 북송됐다."),
        ("ko", "성명을 7일 발표했다."),
        ("ko", "최대 20명이 있을 수 있다."),
        ("ko", "20~30명이 있었다."),
        ("ko", "10명 중 3명꼴로 굶는다."),
        ("ko", "전문가 4명이 밝혔다."),
        ("ko", "1명이 체포됐다."),
        ("ko", "어린이 2명을 포함해 모두 잡혔다."),
        ("ja", "3人に1人が飢えている。"),
        ("ja", "数10人が拘束された。"),
        ("ja", "第2人民病院で述べた。"),
        ("ja", "専門家4人が述べた。"),
        ("ja", "十一人が拘束された。"),
        ("fr", "Une personne sur 10 habitants a faim."),
        ("fr", "En 2014 femmes et hommes furent renvoyés."),
        ("fr", "Vingt-deux femmes et un enfant."),
        ("fr", "Jusqu'à 600 personnes."),
        ("de", "7 Flüchtlinge wurden verhaftet."),
        ("", "7 people"),
    ],
)
def test_years_money_ages_shares_limits_and_parts_are_none(language: str, text: str) -> None:
    assert counted(language, text) == []


def test_the_numbers_of_the_title_come_first_each_in_its_place() -> None:
    texts = {"title": "Seven women held", "text": "They were nine people. Four men are dead."}
    found = headcounts(texts, "en-GB")
    assert [(h.seen.field, h.seen.start, h.number) for h in found] == [
        ("title", 0, 7),
        ("text", 10, 9),
        ("text", 23, 4),
    ]


def test_letters_that_are_two_in_small_move_no_places() -> None:
    # İ is two letters in small; such a text is read as it is
    (found,) = headcounts({"text": "İİİ: 7 women"}, "en")
    assert (found.number, found.seen.start, found.seen.phrase) == (7, 5, "7 women")


def test_no_more_than_enough_is_kept() -> None:
    assert len(headcounts({"text": "7 women. " * 500}, "en")) == MOST


pieces = st.sampled_from(
    [
        "7",
        "1,600",
        "two",
        "hundred",
        "women",
        "people",
        "명",
        "일곱",
        "人",
        "万",
        "五",
        " ",
        ",",
        ".",
        "famille de",
        "İ",
    ]
)


@given(
    st.lists(st.one_of(pieces, st.text(max_size=3)), max_size=25).map(" ".join),
    st.sampled_from(["en", "ko", "ja", "fr"]),
)
def test_whatever_is_found_stands_there_and_is_more_than_one(text: str, language: str) -> None:
    for one in headcounts({"text": text}, language):
        assert text[one.seen.start : one.seen.end] == one.seen.phrase
        assert one.number > 1


@pytest.mark.parametrize(
    "piece", ["1", "1,000 ", "two ", "twenty-", "family of ", "1 million ", "일", "7명", "7人", "万"]
)
@pytest.mark.parametrize("language", ["en", "ko", "ja", "fr"])
def test_the_work_grows_with_the_length(piece: str, language: str) -> None:
    def cost(size: int) -> int:
        text = (piece * size)[:size]
        return lines_run(lambda: headcounts({"text": text}, language))

    assert cost(20_000) < 2.3 * cost(10_000) + 100


@pytest.mark.parametrize("piece", ["1", "1,", "1 1 ", "1만1 천 1", "千"])
@pytest.mark.parametrize("language", ["ko", "ja"])
def test_a_text_of_numbers_alone_costs_no_more_than_its_length(piece: str, language: str) -> None:
    assert headcounts({"text": (piece * 200_000)[:200_000]}, language) == ()


@pytest.mark.parametrize(("language", "text"), [("ko", "1.11,1명"), ("ja", "1.11,1人")])
def test_digits_are_parted_in_one_way_alone(language: str, text: str) -> None:
    # all ways were tried, from each digit on: a text of 20,000 digits took a second
    (one,) = BY_LANGUAGE[language].pattern.findall(text)
    assert one == text[2:]
