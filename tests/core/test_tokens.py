"""Tokens: what a text is found by, and how what is asked for becomes the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.reading.tokens import HOLE, LONGEST_TOKEN, MOST_ALIKE, MOST_LETTERS, MOST_TOKENS, Phrase, indexed, phrase

PIECES = [
    " ", "-", "…", "é", "e\u0301", "İ", "ß", "Ёж", "й", "ά", "북한", "북한\u200b인권", "北朝鮮", "人々", "〇", "が", "か\u3099", "か\u309a",
    "ﾊﾟｰﾃｨｰ", "\u1100\u1161\u11a8", "UN", "4,200", "हिन्दी", "ไทย", "\u00ad", "\ufe0f", "葛\U000e0100", "\U00020000", "𝒶", "\x00", "\ud800",
    "'", "\\", '"', "*", ":", "_", "ʼn", "①", "½", "\u0301", "\u3099",
]  # fmt: skip
texts = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=20).map("".join))


def tokens(text: str) -> list[str]:
    """Those of a text, without the hole behind it."""
    found = indexed(text)
    assert found[-1] == HOLE
    return found[:-1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("North Korea's camps", ["north", "korea", "s", "camps"]),
        ("A/HRC/25/63, 4,200", ["a", "hrc", "25", "63", "4", "200"]),
        ("Café CAFE\u0301 Ångström Ёлка Χάος", ["cafe", "cafe", "angstrom", "елка", "χαοσ"]),
        ("Straße İstanbul ﬁn ＤＰＲＫ ①", ["strasse", "istanbul", "fin", "dprk", "1"]),
        ("so\u00adft ze\u200bro", ["soft", "zero"]),
        ("북한 인권법", ["북한", "한", "인권", "권법", "법"]),
        ("拉致問題", ["拉致", "致問", "問題", "題"]),
        ("人々〇", ["人々", "々〇", "〇"]),
        ("がギ", ["がギ", "ギ"]),
        ("ﾊﾟｰﾃｨｰ", ["パー", "ーテ", "ティ", "ィー", "ー"]),
        ("か\u309a 葛\U000e0100飾", ["か", "葛飾", "飾"]),
        ("UN北韓3명", ["un", "北韓", "韓", "3", "명"]),
        ("\u1100\u1161\u11a8 각", ["각", "각"]),
        ("हिन्दी", ["हिन्दी"]),
        ("x" * 70, ["x" * LONGEST_TOKEN]),
        ("… _ : ' \u0301\x00", []),
    ],
)
def test_a_text_becomes_tokens(text: str, found: list[str]) -> None:
    assert tokens(text) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("camp", Phrase(("camp",))),
        ("Camp*", Phrase(("camp",), begins=True)),
        ("prison camp* ", Phrase(("prison", "camp"), begins=True)),
        ("북한", Phrase(("북한",))),
        ("북한*", Phrase(("북한",))),
        ("북", Phrase(("북",), begins=True)),
        ("UN 북!", Phrase(("un", "북"), begins=True)),
        ("북 UN", Phrase(("북", "un"))),
        ("北韓人", Phrase(("北韓", "韓人"))),
        ("北韓 x", Phrase(("北韓", "韓", "x"))),
        ("*", Phrase(())),
        ("", Phrase(())),
    ],
)
def test_what_is_asked_for_becomes_a_phrase(asked: str, found: Phrase) -> None:
    assert phrase(asked) == found


def test_texts_are_apart_from_each_other() -> None:
    assert indexed("a b", "", "c") == ["a", "b", HOLE, HOLE, "c", HOLE]


def test_what_stands_there_too_often_leaves_a_hole() -> None:
    found = tokens("a b " * (MOST_ALIKE + 2))
    assert len(found) == 2 * (MOST_ALIKE + 2)
    assert found[2 * MOST_ALIKE :] == [HOLE] * 4
    assert found.count("a") == found.count("b") == MOST_ALIKE


def test_so_many_tokens_and_letters_are_taken_and_no_more() -> None:
    many = indexed(" ".join(map(str, range(2 * MOST_TOKENS))))
    assert (len(many), many[-1]) == (MOST_TOKENS, str(MOST_TOKENS - 1))
    long = indexed(" ".join(f"{n:0{LONGEST_TOKEN}}" for n in range(MOST_TOKENS)))
    assert len(long) == MOST_LETTERS // LONGEST_TOKEN


@given(texts)
def test_a_token_holds_letters_digits_and_marks_only_and_never_none(text: str) -> None:
    for token in tokens(text):
        assert token
        assert token[0].isalnum()
        assert all(c.isalnum() or unicodedata.category(c).startswith("M") for c in token)
        assert not any("A" <= c <= "Z" for c in token)


@given(texts)
def test_the_tokens_of_tokens_are_the_same(text: str) -> None:
    found = [t for t in tokens(text) if t]
    words = [t for t in found if len(indexed(t)) == 2]
    assert [tokens(t)[0] for t in words] == words


@given(texts, texts, texts)
def test_whatever_stands_in_a_text_between_blanks_is_found_in_it(before: str, asked: str, after: str) -> None:
    found, wanted = indexed(f"{before} {asked} {after}"), phrase(asked)
    pieces = [found[i : i + len(wanted.tokens)] for i in range(len(found))]
    if wanted.begins:
        assert any(p[:-1] == [*wanted.tokens[:-1]] and p[-1].startswith(wanted.tokens[-1]) for p in pieces)
    else:
        assert [*wanted.tokens] in pieces


@given(
    st.text(st.sampled_from("북한인권拉致問題々かがー"), min_size=1, max_size=9), st.integers(0, 8), st.integers(1, 9)
)
def test_any_piece_of_a_run_is_found_in_it(run: str, start: int, length: int) -> None:
    piece = run[start % len(run) :][:length]
    found, wanted = indexed(run), phrase(piece)
    pieces = [found[i : i + len(wanted.tokens)] for i in range(len(found))]
    assert any(
        p[:-1] == [*wanted.tokens[:-1]]
        and (p[-1].startswith(wanted.tokens[-1]) if wanted.begins else p[-1] == wanted.tokens[-1])
        for p in pieces
    )
