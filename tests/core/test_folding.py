"""Text as terms are looked for in it: every place can be traced back to the original."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.reading.folding import LAST_KEPT, _letters, _table, fold, insides
from tests.core.counting import lines_run
from tests.making import lexicon

PIECES = [
    " ", "  ", "\u00a0", "\t\n ", "\u3000", "\u2003\u2009", "\r\n\r\n", "–", "-", " - ", "…", "ﬁ", "İ", "ß", "é", "e\u0301", "ŏ", "o\u0306",
    "ＤＰＲＫ", "①", "가", "\u1100\u1161", "북한", "北朝鮮", "ﾊﾝｶｸ", "\U0001f1f0\U0001f1f5", "\u200d", "A", "z", "’", "“", "\x00", "\ud7ff", "ʼn",
]  # fmt: skip
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
#: One term in each script; whatever surrounds it, it is found where it stands.
PHRASES = ("prison camp", "Yodŏk", "정치범 수용소", "政治犯収容所", "détention arbitraire")
LEXICON = lexicon({"theme:prisons": list(PHRASES)})


@given(texts)
def test_every_place_in_the_folded_text_names_the_character_it_came_from(text: str) -> None:
    folded = fold(text)
    places = [folded.original(place) for place in range(len(folded.text))]
    assert places == sorted(set(places))
    for place, char in zip(places, folded.text, strict=True):
        assert fold(text[place]).text == char


@given(texts)
def test_folding_drops_nothing_but_repeated_white_space(text: str) -> None:
    folded = fold(text).text
    assert "  " not in folded
    assert folded.replace(" ", "") == "".join(fold(c).text for c in text).replace(" ", "")


@given(texts)
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once


@given(texts, st.sampled_from(PHRASES), texts)
def test_the_evidence_is_what_stands_in_the_original_between_its_offsets(before: str, phrase: str, after: str) -> None:
    text = f"{before} . {phrase} . {after}"
    found = [h.evidence for h in LEXICON.hits("text", text, "en")]
    assert all(text[e.start : e.end] == e.phrase for e in found)
    assert phrase in {e.phrase for e in found}


@given(
    st.sampled_from([" ", "  ", "\u00a0", "\n", " \t ", "\u3000", "-", "–", "\u2011", " - "]),
    st.sampled_from(["prison", "PRISON", "Prison", "ｐｒｉｓｏｎ"]),
    texts,
)
def test_a_phrase_is_found_across_any_space_or_hyphen_and_reproduced(space: str, word: str, before: str) -> None:
    phrase = f"{word}{space}camp"
    text = f"{before} . {phrase}."
    (found,) = [h.evidence for h in LEXICON.hits("title", text, "en")]
    assert (found.phrase, text[found.start : found.end]) == (phrase, phrase)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("North\u00a0 \n Korea", "north korea"),
        ("re‐education – camp", "re education camp"),
        ("Kim Jong-un’s “purge”", 'kim jong un\'s "purge"'),
        ("ＮＯＲＴＨ　ＫＯＲＥＡ", "north korea"),
        ("Straße", "straße"),
        ("İstanbul", "İstanbul"),
        ("wait…", "wait…"),
        ("", ""),
        ("  ", " "),
    ],
)
def test_letters_spaces_hyphens_and_quotation_marks_are_folded(text: str, folded: str) -> None:
    assert fold(text).text == folded


def test_a_letter_and_its_accent_may_come_apart_without_moving_the_evidence() -> None:
    text = unicodedata.normalize("NFD", "évadés, Yodŏk: ") + "prison camp"
    (found,) = [h.evidence for h in LEXICON.hits("text", text, "fr")]
    assert text[found.start : found.end] == "prison camp"


def test_half_a_character_is_folded_to_one_that_stands_for_what_is_broken() -> None:
    folded = fold("a\ud83d  \udfffB")
    assert (folded.text, folded.original(3)) == ("a\ufffd \ufffdb", 4)


def test_what_was_folded_once_is_kept_within_bounds() -> None:
    rare = "".join(map(chr, range(LAST_KEPT - 500, LAST_KEPT + 2_000)))
    assert fold(rare).original(len(fold(rare).text)) == len(insides(rare)) - 1 == 2_500
    assert max(*_table, *_letters) <= LAST_KEPT
    assert fold("𝕏\U0001f600").text == "x\U0001f600"


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("no. 39", " a   a "),
        ("북한의 DPRK", "     aaa "),
        ("北朝鮮とUN", "     a "),
        ("é𝕏\U00020000", " aa "),
        ("a'b-c_d", " " * 8),
        ("\U0001f600…\u0301\ufffd", " " * 5),
        ("", " "),
    ],
)
def test_places_inside_of_words_that_are_written_apart_are_marked(text: str, marks: str) -> None:
    assert insides(text) == marks


def test_finding_the_original_place_does_not_cost_more_the_more_spaces_are_doubled() -> None:
    def cost(count: int) -> int:
        text = "prison  camp. " * count
        return lines_run(lambda: LEXICON.hits("text", text, "en"))

    assert cost(800) < 2.5 * cost(400)
