"""What is quoted of a statement, and how text is cut and wrapped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.mail.excerpt import excerpt
from nkwatch.mail.widths import columns, shorten, wrap

ENGLISH = (
    "(Seoul) – Mr. Kang and the U.N. envoy met on Nov. 3. “Nobody was told,” she said. “It must stop.” "
    "Families wait. They have waited 15 years."
)
KOREAN = "주민 17명의 소식이 끊겼다. 단체는 확인을 요구했다. 가족들은 기다린다. 네 번째 문장이다."
JAPANESE = "女性は「もう帰れない。」と話した。会は政府に要望書を出した。署名は十二万筆に達した。四つ目の文。"


def test_an_excerpt_ends_where_a_sentence_ends_and_titles_and_initials_are_no_end():
    assert excerpt(ENGLISH, most=1) == "(Seoul) – Mr. Kang and the U.N. envoy met on Nov. 3."
    assert excerpt(ENGLISH, most=2).endswith("“Nobody was told,” she said.")
    assert excerpt(ENGLISH, most=3).endswith("“It must stop.”")


def test_korean_sentences_are_told_apart():
    assert excerpt(KOREAN, most=2) == "주민 17명의 소식이 끊겼다. 단체는 확인을 요구했다."


def test_a_japanese_quotation_inside_a_sentence_does_not_end_it():
    assert excerpt(JAPANESE, most=1) == "女性は「もう帰れない。」と話した。"
    assert excerpt(JAPANESE, most=2) == "女性は「もう帰れない。」と話した。会は政府に要望書を出した。"


def test_a_sentence_that_has_no_room_any_more_is_left_out_whole():
    assert excerpt("One two three. Four five six seven.", width=20) == "One two three."


def test_a_first_sentence_that_is_too_long_is_cut_at_a_word():
    assert excerpt("The authorities are preparing to hand over seven people.", width=30) == (
        "The authorities are preparing…"
    )


def test_the_title_repeated_as_first_paragraph_is_left_out():
    assert excerpt("Seven held\n\nPolice stopped them.", title="Seven held") == "Police stopped them."


def test_a_paragraph_ends_a_sentence():
    assert excerpt("A heading\n\nThe text begins.") == "A heading The text begins."
    assert excerpt("前の段落。\n\n次の段落。") == "前の段落。次の段落。"


def test_no_text_gives_no_excerpt():
    assert not excerpt("")
    assert not excerpt("Only the title", title="Only the title")


@pytest.mark.parametrize("piece", ["J. ", "Dr. ", "U.S.", "a. ", ". ", "\n \n", "。", "\u0301", "「…。」と"])
def test_the_excerpt_of_a_hostile_text_costs_no_more_than_its_beginning(piece):
    # each full stop asked once more whether all that stands before it is an abbreviation
    assert columns(excerpt(piece * 200_000, width=700, most=6)) <= 700


@given(st.text(), st.integers(10, 400), st.integers(1, 5))
def test_an_excerpt_is_never_wider_than_asked(text, width, most):
    assert columns(excerpt(text, width=width, most=most)) <= width


@given(st.text(), st.integers(5, 100))
def test_a_shortened_text_fits_and_begins_as_the_whole_does(text, width):
    short = shorten(text, width)

    assert columns(short) <= width
    assert short == text or text.startswith(short.removesuffix("…"))


@pytest.mark.parametrize("mark", ["\u0301", "\u0323\u0302", "\u3099"])
def test_letters_that_take_no_column_are_letters_too(mark):
    # a title of two million of them took no column: it stood whole in a mail, whose lines took hours to fold
    assert len(shorten("Seven held" + mark * 100_000, 20)) <= 80
    assert shorten("Vie\u0323\u0302t" + mark, 20) == "Vie\u0323\u0302t" + mark


@pytest.mark.parametrize(
    ("text", "width", "wanted"),
    [
        ("Seven North Koreans held in Tumen", 20, "Seven North Koreans…"),
        ("투먼 구금 탈북민 7명 강제북송 위기", 20, "투먼 구금 탈북민…"),
        ("short", 20, "short"),
        ("政府に要望書を提出した", 11, "政府に要望…"),
    ],
)
def test_a_title_is_cut_at_a_word_by_its_width(text, width, wanted):
    assert shorten(text, width) == wanted


@given(st.text(st.sampled_from("ab 북송の漢。「」’—\n")), st.integers(10, 80))
def test_wrapping_loses_nothing_and_keeps_the_width(text, width):
    lines = wrap(text, width).split("\n")

    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert columns(line) <= width or " " not in line.strip()


def test_japanese_lines_do_not_begin_with_a_full_stop():
    lines = wrap("署名は十二万筆に達した。" * 6, 24).split("\n")

    assert all(columns(line) <= 26 for line in lines)
    assert not any(line.startswith("。") for line in lines)
