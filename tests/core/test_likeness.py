"""How likely two statements report one event."""

from datetime import timedelta

import pytest

from nkwatch.domain.statement import Statement
from nkwatch.reading.likeness import NEVER, PLACES, REPLIES, TITLED, UNSURE, YEARLY, likeness, profile, shared
from nkwatch.reading.particulars import Kind
from nkwatch.reading.vocabulary import Vocabulary
from tests.making import NOW, prose, statement

VOCABULARY = Vocabulary({"satellite*": "satellite", "위성": "satellite", "launch*": "launch", "발사": "launch"})


def of(title: str, text: str = "", **fields: object) -> Statement:
    """A statement with this text and no address, of a publisher of its own."""
    return statement(**({"title": title, "text": text, "url": "", "publisher": title} | fields))


def odds(one: Statement, other: Statement) -> float:
    """The log odds of these two."""
    left, right = profile(one, VOCABULARY), profile(other, VOCABULARY)
    there, back = likeness(left, left.index(), right), likeness(right, right.index(), left)
    assert abs(there - back) < 1e-6
    return there


FIRST = of("Guards shoot two fishermen near Nampo", "27 boats had left the harbour.")


def test_the_more_is_shared_the_likelier() -> None:
    same = of("Two fishermen shot by guards near Nampo", "The harbour was left by 27 boats.")
    half = of("Guards patrol near Nampo", "Boats stay away.")
    assert odds(FIRST, same) > odds(FIRST, half) > odds(FIRST, of("Concert delayed", "Many came."))


def test_a_number_in_common_counts() -> None:
    assert odds(FIRST, of("Harbour guards", "27")) > odds(FIRST, of("Harbour guards", "28"))


def test_days_apart_count_against() -> None:
    assert odds(FIRST, FIRST) > odds(FIRST, of(FIRST.title, FIRST.text, published=NOW + timedelta(days=3)))


def test_what_one_publisher_writes_on_another_day_is_likely_the_next_of_a_series() -> None:
    later = NOW + timedelta(days=1)
    own = of(FIRST.title, FIRST.text, published=later, publisher=FIRST.publisher)
    assert odds(FIRST, own) < odds(FIRST, of(FIRST.title, FIRST.text, published=later, publisher="Another"))


def test_concepts_bridge_languages_and_words_do_not() -> None:
    korean = of("위성 발사", language="ko")
    assert odds(of("Satellite launched"), korean) > odds(of("Satellites"), korean) > odds(of("Concert"), korean)
    assert odds(of("Concert"), of("Concert", language="ko")) == odds(of("Dance"), of("Concert", language="ko"))


def test_statements_without_words_are_unlike() -> None:
    assert odds(of(""), of("")) < 0
    assert odds(of("", "27"), FIRST) < odds(FIRST, FIRST)


def test_what_is_shared_is_told_the_weightiest_first() -> None:
    keys = [p.key for p in shared(of("Satellite near Nampo", "27"), of("위성 Nampo", "27", language="ko"), VOCABULARY)]
    assert keys == ["c:satellite", "nampo", "n:27"]


def test_one_word_in_common_is_a_heading() -> None:
    assert odds(of("Statement", publisher="A"), of("Statement", publisher="B")) == UNSURE
    assert odds(of("Joint statement", publisher="A"), of("Joint statement", publisher="B")) > UNSURE


def test_two_long_texts_of_one_publisher_that_only_begin_alike_are_two_statements() -> None:
    opening = "The committee met on Thursday and heard three organisations on prisons."
    one, other = (of("The committee met", f"{opening} {prose(i, 200)}", publisher="A") for i in "xy")
    assert odds(one, other) == NEVER
    assert odds(one, of(one.title, f"{one.text} Updated.", publisher="A")) > 0
    assert odds(one, of("The committee met", other.text, publisher="B")) > NEVER


def test_other_numbers_in_both_titles_count_against() -> None:
    three, other = of("Three boats near Nampo"), of("Five boats near Nampo")
    assert odds(three, other) < odds(three, of("Boats near Nampo", "Five were seen."))
    assert odds(three, other) < odds(three, of("Five boats near Nampo", "Three came back."))


def test_other_places_count_against() -> None:
    towns = Vocabulary({"Musan": "musan", "Hyesan": "hyesan"})
    there, here = (of(f"Collapse of a mine {where}", publisher=where) for where in ("in Musan", "in Hyesan"))
    silent = of("Collapse of a mine yesterday")
    profiles = [profile(s, towns) for s in (there, here, silent)]
    apart, unsaid = (likeness(profiles[0], profiles[0].index(), p) for p in profiles[1:])
    assert apart < unsaid + PLACES / 2


@pytest.mark.parametrize(
    "reply",
    ["Pyongyang rejects UN resolution", "외무성 UN resolution 반발", "UN resolution 외무성 反発"],
)
def test_a_reply_is_not_what_it_answers(reply: str) -> None:
    vote = of("UN adopts resolution")
    assert odds(vote, of(reply)) < odds(vote, of("Ministry on UN resolution")) + REPLIES / 2
    answered = of("Ministry on UN resolution", "Pyongyang rejects UN resolution.")
    assert profile(of(reply), VOCABULARY).traits.count(Kind.REPLY | TITLED) == 1
    assert odds(of(reply), answered) > odds(
        of(reply), of("Ministry on UN resolution", "Pyongyang reads UN resolution.")
    )


def test_what_two_publishers_write_on_an_anniversary_are_two_statements() -> None:
    title, text = "Five years after the arrest of Jang Mun-sok", "Let the family hear from him."
    one, other = (of(title, text, publisher=p) for p in "AB")
    assert odds(one, other) < odds(*(of("The arrest of Jang Mun-sok", text, publisher=p) for p in "AB")) + YEARLY / 2


def test_what_one_publisher_says_in_two_languages_on_one_day_may_be_one_statement() -> None:
    both = [of("위성 발사", language="ko", publisher=p) for p in ("A", "B")]
    english = of("Satellite launched", publisher="A")
    assert odds(english, both[0]) == odds(english, both[1])


def test_two_long_texts_share_words_by_chance_unless_their_titles_do() -> None:
    def told(name: str, title: str) -> Statement:
        return of(title, f"The seven left in the morning, as {prose('shared', 25)} {prose(name, 60)}", publisher=name)

    women, missiles = told("A", "Women sold across a river"), told("B", "Missiles fly towards an island")
    also_women = told("B", "Women sold beyond a river")
    assert odds(women, missiles) < odds(women, also_women)
    assert odds(women, missiles) < UNSURE
