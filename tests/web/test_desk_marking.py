"""The words that decided, marked in the text: every code point of it stands there once, in its order."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.reading import Evidence, Finding
from nkwatch.domain.theme import ThemeKind
from nkwatch.web.desk.marking import AROUND, LONGEST, RELEVANCE, THEME, URGENCY, Piece, Span, marked, passages, pieces
from nkwatch.web.desk.views import doubts
from tests.making import reading, statement, theme

LETTERS = "ab 북한é"


def evidence(field, text, phrase):
    start = text.index(phrase)
    return Evidence(field, start, start + len(phrase), phrase)


def spans(length):
    edge = st.integers(0, length)
    return st.lists(
        st.builds(
            lambda a, b, kind: Span(min(a, b), max(a, b), kind, "x" if kind == THEME else ""),
            edge, edge, st.sampled_from([URGENCY, THEME, RELEVANCE]),
        ),
        max_size=5,
    )  # fmt: skip


@given(
    st.text(LETTERS, max_size=30)
    .map(lambda t: " ".join(t.split()))
    .flatmap(lambda t: st.tuples(st.just(t), spans(len(t))))
)
def test_every_letter_stands_there_once_and_is_marked_by_what_lies_over_it(case):
    text, over = case
    place = 0
    for piece in pieces(text, over):
        assert text[place : place + len(piece.text)] == piece.text
        for at in range(place, place + len(piece.text)):
            kinds = {s.kind for s in over if s.start <= at < s.end}
            assert piece.kind in kinds if kinds else piece.kind == ""
            assert (URGENCY in kinds) is (piece.kind == URGENCY)
        place += len(piece.text)
    assert place == len(text)


def test_words_that_decided_two_things_are_marked_by_the_weightier_and_name_the_theme():
    said = list(pieces("abcdef", [Span(0, 4, THEME, "Prisons"), Span(2, 6, URGENCY)]))
    assert said == [Piece("ab", THEME, ("Prisons",)), Piece("cd", URGENCY, ("Prisons",)), Piece("ef", URGENCY)]


def test_a_long_text_is_shown_around_what_decided():
    text = "word " * 200 + "famine " + "word " * 200
    place = text.index("famine")
    (passage,) = passages(text, [Span(place, place + 6, URGENCY)])
    shown = "".join(p.text for p in passage)
    assert shown.startswith("… word")
    assert shown.endswith("word …")
    assert "famine" in shown
    assert len(shown) <= 2 * AROUND + 40


def test_passages_that_come_near_are_one_and_others_are_not():
    text = "x" * 3000
    near = list(passages(text, [Span(10, 20, URGENCY), Span(200, 210, THEME)]))
    far = list(passages(text, [Span(10, 20, URGENCY), Span(2000, 2010, THEME)]))
    assert (len(near), len(far)) == (1, 2)


def test_a_text_without_marks_shows_its_beginning():
    (passage,) = passages("word " * 300, [])
    assert passage[0].text == ""
    assert passage[-1].text == "…"


def test_what_words_decided_is_told_where_it_is_the_first_time():
    title, text = "Famine and famine", "A famine in the camp."
    one = statement(title=title, text=text)
    urgent = (evidence("title", title, "Famine"), evidence("title", title, "famine"), evidence("text", text, "famine"))
    found = Finding("prisons", ThemeKind.RIGHTS, 0.9, (evidence("text", text, "camp"),))
    told = marked(
        one,
        reading(urgency_evidence=urgent, themes=(found,), relevance_evidence=()),
        {"prisons": theme("prisons")},
        "en",
    )
    labelled = [p.text for part in (told.title, *told.passages) for p in part if p.label]
    assert labelled == ["Famine", "camp"]
    assert [p.text for p in told.whole if p.label] == ["famine", "camp"]
    assert told.lost == ()


def test_phrases_of_an_earlier_revision_are_told_beside_the_text():
    gone = Evidence("text", 0, 6, "famine")
    told = marked(
        statement(text="Nothing."), reading(urgency_evidence=(gone,), themes=(), relevance_evidence=()), {}, "en"
    )
    assert told.lost == ("famine",)
    assert all(not p.kind for p in told.whole)


def test_a_theme_that_is_gone_from_the_catalogue_goes_by_its_code():
    found = Finding("old", ThemeKind.RIGHTS, 0.9, (evidence("text", "A camp.", "camp"),))
    told = marked(statement(text="A camp."), reading(themes=(found,), relevance_evidence=()), {}, "en")
    assert [p.names for p in told.whole if p.kind] == [("old",)]


def test_what_is_very_long_is_cut_and_says_so():
    told = marked(statement(text="x" * (LONGEST + 1)), reading(relevance_evidence=(), themes=()), {}, "en")
    assert told.cut
    assert len(told.whole[0].text) == LONGEST


def test_invisible_letters_go_and_the_space_between_marked_words_stays():
    text = "a\u202eb \u200bfamine\n\n\n next"
    said = list(pieces(text, [Span(5, 11, URGENCY)]))
    assert [p.text for p in said] == ["ab ", "famine", "\n\n next"]


def test_a_reading_is_in_doubt_for_what_was_found_only_just():
    weak = Finding("prisons", ThemeKind.RIGHTS, 0.4, ())
    sure = replace(weak, score=0.9)
    one = statement()
    assert doubts(one, reading(themes=(weak,))) == ("weak",)
    assert doubts(one, reading(themes=(sure,))) == ()
    assert doubts(one, reading(themes=())) == ("themeless",)
    assert doubts(replace(one, revision=2), reading(themes=(sure,))) == ("edited",)
    assert doubts(one, reading(themes=(weak,), about_nk=False)) == ()
