"""How terms match: whole words, plurals, capitals, scripts, masks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.theme import ThemeKind
from nkwatch.reading.lexicon import Lexicon, Term
from tests.core.counting import lines_run
from tests.making import lexicon, shipped_lexicon, theme


def found(lexicon: Lexicon, text: str, language: str = "en") -> list[tuple[str, str]]:
    """The lists and phrases found in a text."""
    return [(h.list, h.evidence.phrase) for h in lexicon.hits("text", text, language)]


def named(text: str, language: str = "en") -> list[str]:
    """The phrases by which the shipped rules see North Korea named."""
    return [phrase for name, phrase in found(shipped_lexicon(), text, language) if name == "names"]


SMALL = Lexicon(
    rules="test.1",
    themes=(theme("health"), theme("prisons"), theme("security", ThemeKind.CONTEXT)),
    terms=(
        Term("WHO", "theme:health", exact=True),
        Term("prison camp", "theme:prisons"),
        Term("re-education camp", "theme:prisons"),
        Term("정치범 수용소", "theme:prisons"),
        Term("収容所", "theme:prisons"),
        Term("North Korea", "names"),
        Term("북한", "names"),
        Term("북한산 석탄", "theme:security"),
        Term("NK", "names", exact=True, language="en"),
        Term("北", "names", language="ko"),
    ),
    masks=("북한산", "South and North Korea Street"),
)


@pytest.mark.parametrize(
    "text",
    ["a prison camp", "Prison Camps", "(PRISON\u00a0CAMP)", "prison-camp", "prison\n  camp’s gate", "prison camp는"],
)
def test_a_latin_term_matches_in_any_case_with_any_space_and_an_s(text: str) -> None:
    assert [name for name, _ in found(SMALL, text)] == ["theme:prisons"]


@pytest.mark.parametrize("text", ["imprison camp", "prison camping", "prison, camp", "prisoncamp", "prison campsite"])
def test_a_latin_term_matches_whole_words_only(text: str) -> None:
    assert found(SMALL, text) == []


def test_a_hyphen_in_a_term_is_a_space() -> None:
    assert found(SMALL, "a re education camp") == [("theme:prisons", "re education camp")]


@pytest.mark.parametrize("text", ["정치범 수용소", "정치범수용소", "정치범\n수용소", "북쪽정치범수용소에서는"])
def test_a_korean_term_matches_with_and_without_spaces_and_before_any_particle(text: str) -> None:
    assert [name for name, _ in found(SMALL, text, "ko")] == ["theme:prisons"]


def test_a_japanese_term_matches_inside_a_longer_word() -> None:
    assert found(SMALL, "政治犯収容所で", "ja") == [("theme:prisons", "収容所")]


def test_who_is_no_pronoun() -> None:
    assert found(SMALL, "those who fled; Who knows?") == []
    assert found(SMALL, "The WHO said") == [("theme:health", "WHO")]


def test_an_exact_term_counts_in_full_width_letters_too() -> None:
    assert [name for name, _ in found(SMALL, "ＷＨＯは", "ja")] == ["theme:health"]


def test_a_term_of_one_language_holds_in_that_language_only() -> None:
    assert found(SMALL, "北 인권", "ko") == [("names", "北")]
    assert found(SMALL, "東北", "ja") == []
    assert found(SMALL, "NK News", "en-GB") == [("names", "NK")]


def test_a_mask_hides_names_inside_it_and_nothing_else() -> None:
    assert found(SMALL, "북한산 등산", "ko") == []
    assert found(SMALL, "북한산과 북한", "ko") == [("names", "북한")]
    assert found(SMALL, "South and North Korea Street") == []
    assert found(SMALL, "북한산 석탄", "ko") == [("theme:security", "북한산 석탄")]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("South Korea and South Koreans in Northern Ireland", "en"),
        ("The Chosun Ilbo reported from the Democratic Republic of the Congo", "en"),
        ("those who live in the north of Korea Town", "en"),
        ("북한산 국립공원과 북한강, 조선일보, 조선시대", "ko"),
        ("북한산성 입구", "ko"),
        ("東北地方と北海道、朝鮮日報、朝鮮戦争", "ja"),
        ("la Corée du Sud et les Sud-Coréens, l’Irlande du Nord", "fr"),
    ],
)
def test_what_only_looks_like_north_korea_is_no_name_of_it(text: str, language: str) -> None:
    assert named(text, language) == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("North Korea", "en"),
        ("north korea’s", "en"),
        ("two North Koreans", "en"),
        ("a North-Korean camp", "en"),
        ("the DPRK", "en"),
        ("N. Korea", "en"),
        ("Democratic People’s Republic of Korea", "en"),
        ("북한의", "ko"),
        ("北 인권", "ko"),
        ("북한산 옆에서 본 북한", "ko"),
        ("北朝鮮では", "ja"),
        ("朝鮮民主主義人民共和国", "ja"),
        ("la Corée du\u00a0Nord", "fr"),
        ("les Nord-Coréens", "fr"),
    ],
)
def test_north_korea_is_known_by_its_names(text: str, language: str) -> None:
    assert named(text, language)


def test_terms_are_found_in_the_order_in_which_they_end() -> None:
    hits = SMALL.hits("text", "prison camp, North Korea, WHO", "en")
    assert [h.evidence.phrase for h in hits] == ["prison camp", "North Korea", "WHO"]


@given(
    st.lists(
        st.sampled_from(["prison camp", "WHO", "북한", "북한산", "정치범 수용소", "x", "  ", ".", "s"]), max_size=20
    )
)
def test_whatever_is_found_stands_there(pieces: list[str]) -> None:
    text = " ".join(pieces)
    for hit in SMALL.hits("text", text, "ko"):
        assert text[hit.evidence.start : hit.evidence.end] == hit.evidence.phrase
        assert hit.evidence.field == "text"


def test_a_text_full_of_masks_costs_no_more_than_its_length() -> None:
    masked = lexicon({"names": ["북한"]}, masks=["북한산"])

    def cost(count: int) -> int:
        text = "북한산 " * count
        return lines_run(lambda: masked.hits("text", text, "ko"))

    assert cost(400) < 2.5 * cost(200)
