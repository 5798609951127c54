"""What a statement is told by: each thing once, the weightiest first."""

from nkwatch.reading.particulars import IN_ADDRESS, IN_TITLE, LEAD, NUMBER_AT_MOST, Kind, Particular, particulars, words
from nkwatch.reading.vocabulary import Vocabulary
from tests.making import statement

VOCABULARY = Vocabulary({"camp": "camp"}, {"the": 0.5})


def told(**fields: str) -> dict[str, Particular]:
    """The particulars of a statement by their keys."""
    one = statement(**({"title": "", "text": "", "url": ""} | fields))
    return {p.key: p for p in particulars(one, VOCABULARY)}


def test_words_pairs_concepts_and_numbers_are_told_apart() -> None:
    kinds = {key: p.kind for key, p in told(text="A camp 고아원 of 27 guards").items()}
    assert kinds == {
        "c:camp": Kind.CONCEPT, "고아": Kind.PAIR, "아원": Kind.PAIR, "of": Kind.WORD, "guards": Kind.WORD,
        "n:27": Kind.NUMBER,
    }  # fmt: skip


def test_the_title_counts_more_than_the_text_and_the_address_less() -> None:
    rare = VOCABULARY.rarity("guards")
    assert told(title="guards", text="guards")["guards"] == Particular(
        "guards", Kind.WORD, IN_TITLE * rare, titled=True
    )
    assert told(text="guards")["guards"] == Particular("guards", Kind.WORD, rare)
    assert told(url="https://a.example/world/guards-leave-posts-2026?x=1")["guards"].weight == IN_ADDRESS * rare


def test_the_last_words_of_an_address_count_and_its_numbers_do_not() -> None:
    url = "https://a.example/the-section-of-world/guards-leave-27-posts"
    assert set(told(url=url)) == {"guards", "leave", "posts"}
    assert told(url="https://a.example/?id=4") == told(url="https://[broken/a-b-c") == {}


def test_a_number_says_no_more_than_a_word() -> None:
    assert told(title="27")["n:27"].weight == NUMBER_AT_MOST


def test_what_stands_after_the_lead_tells_nothing() -> None:
    assert "guards" not in told(text="x " * LEAD + "guards")


def test_the_weightiest_comes_first() -> None:
    found = particulars(statement(title="the guards", text="the camp", url=""), VOCABULARY)
    assert [p.key for p in found] == ["guards", "c:camp", "the"]


def test_the_byline_of_a_korean_agency_tells_nothing() -> None:
    assert told(text="(서울=가나통신) 홍길동 기자 = 고아원") == told(text="고아원")


def test_a_reply_and_an_anniversary_are_told_without_weight() -> None:
    found = told(title="Ministry rejects it", text="On the anniversary.")
    assert found["re:"] == Particular("re:", Kind.REPLY, 0.0, titled=True)
    assert found["yearly:"] == Particular("yearly:", Kind.YEARLY, 0.0)


def test_a_reply_in_title_and_text_is_told_as_one_of_the_title() -> None:
    assert told(title="Ministry rejects it", text="It rejects it.")["re:"].titled


def test_towns_are_told_apart_from_other_concepts() -> None:
    town = Vocabulary({"Musan": "musan"})
    assert [p.kind for p in particulars(statement(title="Musan", text="", url=""), town)] == [Kind.PLACE]


def test_particulars_are_said_in_the_words_of_the_statement() -> None:
    one = statement(
        title="Guards' camp of 27", text="Guardsmen's detainees 고아", url="https://a.example/one-rare-slug"
    )
    assert set(words(particulars(one, VOCABULARY), one)) == {
        "Guards", "camp", "of", "27", "Guardsmen", "detainees", "고아", "one", "rare", "slug",
    }  # fmt: skip
