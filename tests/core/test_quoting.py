"""Which words of a statement are told, and in which quotation marks."""

import pytest

from nkwatch.domain.reading import Ask, Evidence, Finding, Mention, Quote
from nkwatch.domain.theme import ThemeKind
from nkwatch.mail.quoting import Copied, copied, quoted
from tests.making import reading

EMPTY = "It was a long week. More than a hundred people came."
TELLING = "Nine people were sent back. It was a long week."
WORDS = "They were put into a lorry at night and nobody has heard of them since."


def seen(phrase, start=0):
    return Evidence("text", start, start + len(phrase), phrase)


def theme(*phrases):
    return Finding("refoulement", ThemeKind.RIGHTS, 0.9, tuple(map(seen, phrases)))


def quote(words=WORDS, speaker="Maren Holt", role="", start=0):
    return Quote(seen(words, start), speaker, role)


def told(opening, *quotes, width=400, **fields):
    return copied(opening, reading(**({"themes": (), "quotes": quotes} | fields)), "en", width)


def test_an_opening_that_tells_of_what_was_found_goes_before_any_quote():
    assert told(TELLING, quote(), themes=(theme("sent back"),)) == Copied(TELLING, "en")


@pytest.mark.parametrize(
    "found",
    [
        {"themes": (theme("sent back"),)},
        {"urgency_evidence": (seen("sent\nback"),)},
        {"asks": (Ask(seen("sent back")),)},
        {"cases": (Mention(seen("Nine people"), "nine"),)},
    ],
)
def test_whatever_was_found_in_an_opening_makes_it_say_something(found):
    assert told(TELLING, quote(), **found).speaker == ""
    assert told(EMPTY, quote(), **found).speaker == "Maren Holt"


def test_without_a_quote_even_an_opening_that_says_nothing_is_told():
    assert told(EMPTY) == Copied(EMPTY, "en")


@pytest.mark.parametrize("unfit", [quote(speaker=""), quote("sent back"), quote(WORDS * 9)])
def test_a_quote_without_speaker_or_of_another_length_is_not_told(unfit):
    assert told(EMPTY, unfit).words == EMPTY


def test_of_several_quotes_the_one_that_says_most_is_told():
    plain = quote(start=5)
    named = quote("It is the policy of this government, and it always was.", role="minister", start=90)
    strong = quote("All of them were sent back on the same morning, in the rain.", "An officer", start=200)

    assert told(EMPTY, named, plain).role == "minister"
    assert told(EMPTY, named, plain, strong, themes=(theme("sent back"),)).speaker == "An officer"
    assert told(EMPTY, quote(start=9), quote(speaker="Second", start=80)).speaker == "Maren Holt"


def test_who_speaks_is_harmless_and_short():
    shown = told(EMPTY, quote(speaker="Maren\u202e\nHolt " + "x" * 200, role="director\u200b"))

    assert shown.speaker.startswith("Maren Holt x")
    assert len(shown.speaker) <= 80
    assert shown.role == "director"


@pytest.mark.parametrize(
    ("language", "marks"),
    [("en", "“”"), ("ko", "“”"), ("ja", "「」"), ("fr-CA", "«\u00a0\u00a0»"), ("de", "„“"), ("", "“”"), ("xx", "“”")],
)
def test_each_language_has_its_quotation_marks(language, marks):
    assert quoted("", language) == marks


def test_marks_around_all_words_are_not_doubled():
    assert Copied("“We saw it.”", "en").quoted == "“We saw it.”"
    assert quoted("«\u00a0Oui.\u00a0»", "fr") == "«\u00a0Oui.\u00a0»"


def test_words_that_hold_such_marks_get_the_others():
    assert quoted("“We saw it,” she said. “All of it.”", "en") == "‘“We saw it,” she said. “All of it.”’"
    assert quoted("「見た。」と言った。", "ja") == "『「見た。」と言った。』"
    assert quoted("Il dit « non ».", "fr") == "“Il dit « non ».”"
