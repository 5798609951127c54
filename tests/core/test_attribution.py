"""Who released what others reprint, and which pages are worth reading."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.statement import EARLIEST, Statement
from nkwatch.reading import LONGEST, may_concern, read
from nkwatch.reading.attribution import LEAD, attribution
from tests.core.counting import lines_run
from tests.making import lexicon, report, shipped_rules, statement

KNOWN = (
    "Amnesty International",
    "Amnesty International USA",
    "Human Rights Watch",
    "United Nations",
    "ARTICLE 19",
    "Liberty Now! (Seoul)",
    "국제앰네스티",
    "휴먼라이츠워치",
    "国際人権協会",
)

RELEASE = """For Immediate Release

Organization Profile:

Press office, +1 000 000

WASHINGTON - The world must not look away from the camps, Amnesty International said.

Jane Doe, Advocacy Manager for Asia at Amnesty International USA, said:

"Last year Human Rights Watch said the same, and the United Nations said it in 2014."
"""


def by(text: str, **fields: str) -> str | None:
    """The organisation that this text is attributed to."""
    found = attribution(statement(**({"title": "Camps", "text": text} | fields)), KNOWN)  # type: ignore[arg-type]
    return found.organisation if found else None


def test_a_release_is_of_the_organisation_that_speaks_first_by_its_full_name() -> None:
    assert by(RELEASE) == "Amnesty International USA"


@pytest.mark.parametrize(
    ("text", "organisation"),
    [
        # who speaks goes before who is mentioned
        ("The United Nations met in Geneva. Human Rights Watch said today that it must act.", "Human Rights Watch"),
        ("A report of Amnesty International, which Human Rights Watch welcomed today.", "Human Rights Watch"),
        ("As Amnesty International found\n\nHuman Rights Watch said today: free them.", "Human Rights Watch"),
        ("Human Rights Watch’s U.S. director for Asia warned of it.", "Human Rights Watch"),
        ("The camps must go, Human Rights Watch, a group in New York, said.", "Human Rights Watch"),
        ("HUMAN RIGHTS WATCH CALLED. Human Rights Watch called on all.", "Human Rights Watch"),
        ("Human Rights\nWatch condemned it.", "Human Rights Watch"),
        # together: the first
        ("Amnesty International and Human Rights Watch urged the United Nations to act.", "Amnesty International"),
        ("Human Rights Watch, Amnesty International, and the United Nations warned.", "Human Rights Watch"),
        # a letterhead, where nobody speaks
        ("Human Rights Watch\n\nFree the prisoners of Hoeryong.", "Human Rights Watch"),
        ("Contact: Amnesty International USA\n\nFree the prisoners.", "Amnesty International USA"),
        ("Human Rights Watch: free the prisoners.", "Human Rights Watch"),
        # merely mentioned, cut out of a word, or written as no name is
        ("The Centre for Escapees thanks the United Nations for its inquiry.", None),
        ("The Centre for Escapees warned. Human Rights Watch. The camps. It said so.", None),
        ("SuperHuman Rights Watch said so.", None),
        ("Human Rights Watchers said so.", None),
        ("Article 19 says that everyone has the right to speak.", None),
        ("the united nations said so.", None),
        ("ARTICLE 19 says that it is not respected.", "ARTICLE 19"),
        # characters that mean something to regular expressions
        ("Liberty Now! (Seoul) announced a march.", "Liberty Now! (Seoul)"),
        # Korean appends particles, Japanese leaves no spaces
        ("국제앰네스티는 오늘 북한 당국에 석방을 촉구했다.", "국제앰네스티"),
        ("서울에서 휴먼라이츠워치가 국제앰네스티의 보고서를 두고 우려를 밝혔다.", "휴먼라이츠워치"),
        ("국제앰네스티와 만난 뒤 휴먼라이츠워치 측은 이를 규탄했다.", "휴먼라이츠워치"),
        ("국제앰네스티와 만난 뒤 휴먼라이츠워치측은 이를 규탄했다.", "휴먼라이츠워치"),
        ("국제앰네스티한국지부는 오늘 석방을 촉구했다.", None),
        ("Human Rights Watch는 석방을 촉구했다.", "Human Rights Watch"),
        ("本日国際人権協会は国連に収容所の閉鎖を求めた。", "国際人権協会"),
        ("Human Rights Watchは収容所の閉鎖を求めた。", "Human Rights Watch"),
        ("声明\n国際人権協会\n収容所の閉鎖を", "国際人権協会"),
        ("", None),
    ],
)
def test_who_speaks_released_the_text_and_who_is_merely_mentioned_did_not(text: str, organisation: str | None) -> None:
    assert by(text) == organisation


def test_the_author_goes_before_the_text() -> None:
    assert by(RELEASE, author=" human rights  watch ") == "Human Rights Watch"
    assert by(RELEASE, author="Newswire Editor") == "Amnesty International USA"
    assert by("", author="Human Rights Watch and others") is None


def test_the_title_counts_after_the_text() -> None:
    assert by("Free them.", title="Camps must go, Human Rights Watch says") == "Human Rights Watch"
    assert by("United Nations warned.", title="Human Rights Watch: free them") == "United Nations"


def test_nobody_is_found_where_nobody_is_known() -> None:
    assert attribution(statement(text=RELEASE), ()) is None
    assert attribution(statement(text=RELEASE, author=""), ("", " ")) is None


texts = st.lists(st.sampled_from([*KNOWN, " said", "\n\n", ". ", ", ", "  ", "는 밝혔다", "\t", "𝄞", "A "])).map(
    "".join
)


@given(texts, texts, texts)
def test_the_evidence_says_where_the_name_stands(title: str, text: str, author: str) -> None:
    one = statement(title=title, text=text, author=author)
    found = attribution(one, KNOWN)
    if found:
        evidence = found.evidence
        assert getattr(one, evidence.field)[evidence.start : evidence.end] == evidence.phrase
        assert " ".join(evidence.phrase.split()).casefold() == found.organisation.casefold()


@given(st.lists(st.text(min_size=1, max_size=8), max_size=5), st.text(max_size=60))
def test_any_text_may_be_the_name_of_an_organisation(names: list[str], text: str) -> None:
    found = attribution(statement(title=text, text=text + "".join(names), author=text), names)
    assert found is None or found.organisation in names


@pytest.mark.parametrize("bad", ["a", "a ", ". ", "\n", "Human Rights Watch ", "Human Rights Watch, ", "' ", "a.\n"])
def test_a_text_of_a_million_characters_costs_no_more_than_its_beginning(bad: str) -> None:
    def cost(size: int) -> int:
        huge = f"Human Rights Watch {bad * (size // len(bad))}"
        one = statement(title=huge, text=huge, author=huge)
        return lines_run(lambda: attribution(one, KNOWN))

    cost(LEAD)
    assert cost(1_000_000) <= cost(2 * LEAD)


def test_a_name_after_the_first_paragraphs_released_nothing() -> None:
    assert by(f"{'Words. ' * LEAD}Human Rights Watch said so.") is None


def test_a_reading_says_who_released_the_text_and_where_it_says_so() -> None:
    one = statement(text=RELEASE)
    found = read(one, shipped_rules(), reprinted_from=KNOWN)
    assert found.released_by == "Amnesty International USA"
    (evidence,) = found.release_evidence
    assert one.text[evidence.start : evidence.end] == evidence.phrase == "Amnesty International USA"
    own = read(one, shipped_rules())
    assert (own.released_by, own.release_evidence) == ("", ())
    reprint = report()
    assert replace(reprint, reading=found).by == "Amnesty International USA"
    assert replace(reprint, reading=own).by == reprint.statement.publisher


# Which pages are worth reading

RULES = lexicon(
    {"names": ["North Korea", "북한"], "hints": ["Musan"], "near:context": ["Seoul"], "theme:prisons": ["prison"]}
)


@pytest.mark.parametrize(
    ("title", "text", "worth"),
    [
        ("Camps in North Korea", "", True),
        ("Camps, a group in Seoul says", "Trains to Musan", True),
        ("Camps", "Trains to Musan", False),
        ("Camps", "Trains to Seoul", False),
        ("북한의 수용소", "", True),
        ("A prison in Norway", "Prison guards", False),
        ("", "", False),
    ],
)
def test_a_page_is_worth_reading_where_the_teaser_names_north_korea_or_hints_at_it_beside_korea(
    title: str, text: str, worth: bool
) -> None:
    assert may_concern(statement(title=title, text=text), RULES) is worth
    assert may_concern(statement(title=title, text=text), RULES, nk_only=True)


def test_what_is_shown_decides_whether_a_page_is_worth_reading() -> None:
    read_already = statement(title="Camps", text="North Korea", teaser="Three people")
    assert not may_concern(read_already, RULES)


def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    one: Statement = statement(title="Camps", text="x" * LONGEST + " North Korea")
    assert not may_concern(one, RULES)
    assert one.read_from == EARLIEST
