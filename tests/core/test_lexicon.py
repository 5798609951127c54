"""How terms match: whole words, plurals, capitals, scripts, masks."""

import re

import pytest
from ahocorasick_rs import AhoCorasick
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.reading import Evidence
from nkwatch.domain.theme import ThemeKind
from nkwatch.reading import read
from nkwatch.reading.folding import fold
from nkwatch.reading.lexicon import SHOWN, Lexicon, Term
from tests.core.counting import lines_run
from tests.making import lexicon, rules, shipped_lexicon, statement, theme


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
        Term("starv*", "theme:food"),
        Term("renvoi* forc*", "theme:refugees"),
        Term("accus*", "theme:prisons", language="fr"),
        Term("North's", "hints", exact=True),
        Term("Kim-Trump", "hints", exact=True),
        Term("MiG*", "theme:security", exact=True),
        Term("WHO", "word:who"),
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
    assert "theme:health" not in dict(found(SMALL, "those who fled; Who knows?"))
    assert found(SMALL, "The WHO said") == [("theme:health", "WHO"), ("word:who", "WHO")]


def test_an_exact_term_counts_in_full_width_letters_too() -> None:
    assert found(SMALL, "ＷＨＯは", "ja") == [("theme:health", "ＷＨＯ"), ("word:who", "ＷＨＯ")]


@pytest.mark.parametrize("text", ["North's", "North’s", "the NORTH'S", "Ｎorth＇s", "North`s"])
def test_an_exact_term_is_found_with_any_apostrophe(text: str) -> None:
    assert [name for name, _ in found(SMALL, text)] == ["hints"] * ("NORTH" not in text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Kim-Trump", True),
        ("Kim–Trump", True),
        ("Kim  Trump", True),
        ("Kim\nTrump", True),
        ("kim-trump", False),
        ("KIM-TRUMP", False),
    ],
)
def test_an_exact_term_is_found_across_any_space_and_hyphen(text: str, told: bool) -> None:
    assert (found(SMALL, text) == [("hints", text)]) is told


def test_an_exact_term_takes_a_small_s_and_a_beginning_its_capitals() -> None:
    assert ("theme:health", "WHOs") in found(SMALL, "two WHOs")
    assert found(SMALL, "MiG, MiGs, MiG-29, migs, mighty") == [("theme:security", "MiG")] + [
        ("theme:security", phrase) for phrase in ("MiGs", "MiG")
    ]


# Terms that end with *


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("starving", ["starving"]),
        ("starv", ["starv"]),
        ("STARVED, starvation!", ["STARVED", "starvation"]),
        ("starvs", ["starvs"]),
        ("starve’s", ["starve"]),
        ("un-starving", ["starving"]),
        ("l’starving", ["starving"]),
        ("starv1ng", ["starv1ng"]),
        ("unstarved", []),
        ("starting", []),
        ("star v", []),
        ("starv북한", ["starv"]),
        ("북starving한", ["starving"]),
        ("starv\U0001d54f", ["starv\U0001d54f"]),
        ("starv\U00020000", ["starv\U00020000"]),
        ("starv\u0301ed", ["starv"]),
        ("starv*", ["starv"]),
    ],
)
def test_what_begins_so_is_found_as_a_whole_word_and_not_inside_one(text: str, phrases: list[str]) -> None:
    assert [p for name, p in found(SMALL, text) if name == "theme:food"] == phrases


def test_a_word_that_hardly_ends_is_found_whole_and_shown_by_its_beginning() -> None:
    (hit,) = SMALL.hits("text", f"starv{'e' * 10_000} x", "en")
    assert (hit.start, hit.end, hit.phrase) == (0, 10_005, "starv" + "e" * 10_000)
    assert hit.evidence == Evidence("text", 0, SHOWN, "starv" + "e" * (SHOWN - 5))
    assert max(len(t.phrase) for t in shipped_lexicon().terms) < SHOWN


def test_only_the_star_at_the_end_means_something() -> None:
    assert found(SMALL, "renvois forcés") == []
    assert found(SMALL, "renvoi* forcé") == [("theme:refugees", "renvoi* forcé")]


def test_a_beginning_holds_in_its_language_only() -> None:
    assert found(SMALL, "accusations", "fr") == [("theme:prisons", "accusations")]
    assert found(SMALL, "accusations", "en") == []


def test_a_star_after_letters_that_match_anywhere_says_nothing_more() -> None:
    starred = lexicon({"theme:food": ["식량*"]})
    assert found(starred, "북한식량난은", "ko") == [("theme:food", "식량")]


def test_a_word_and_what_begins_so_may_be_terms_of_two_lists() -> None:
    both = lexicon({"theme:food": ["hunger"], "weak:food": ["hunger*"], "signs:food": ["hung*"]})
    assert sorted(found(both, "hunger")) == [(n, "hunger") for n in ("signs:food", "theme:food", "weak:food")]
    assert sorted(found(both, "hungers")) == [(n, "hungers") for n in ("signs:food", "theme:food", "weak:food")]
    assert sorted(found(both, "hungered")) == [("signs:food", "hungered"), ("weak:food", "hungered")]


def test_terms_that_overlap_are_all_found() -> None:
    nested = lexicon({"theme:prisons": ["prison camp", "prison", "camp guard"], "names": ["북한", "북한 인권"]})
    assert [p for _, p in found(nested, "a prison camp guard")] == ["prison", "prison camp", "camp guard"]
    assert [p for _, p in found(nested, "북한인권", "ko")] == ["북한", "북한인권"]


def test_the_same_phrase_of_two_lists_is_found_for_both() -> None:
    twice = lexicon({"theme:food": ["rice"], "signs:food": ["Rice"]})
    assert found(twice, "RICE") == [("theme:food", "RICE"), ("signs:food", "RICE")]


@pytest.mark.parametrize("text", ["workers’ camp", "workers' camp", "workers` camp", "workersʼ  camp"])
def test_apostrophes_are_alike(text: str) -> None:
    assert found(lexicon({"theme:labour": ["workers' camp"]}), text) == [("theme:labour", text)]


def test_an_apostrophe_ends_a_word() -> None:
    assert found(SMALL, "l’WHO’s") == [("theme:health", "WHO"), ("word:who", "WHO")]


def test_a_term_of_one_language_holds_in_that_language_only() -> None:
    assert found(SMALL, "北 인권", "ko") == [("names", "北")]
    assert found(SMALL, "東北", "ja") == []
    assert found(SMALL, "NK News", "en-GB") == [("names", "NK")]


def test_a_mask_hides_names_inside_it_and_nothing_else() -> None:
    assert found(SMALL, "북한산 등산", "ko") == []
    assert found(SMALL, "북한산과 북한", "ko") == [("names", "북한")]
    assert found(SMALL, "South and North Korea Street") == []
    assert found(SMALL, "북한산 석탄", "ko") == [("theme:security", "북한산 석탄")]


def test_masks_that_overlap_hide_what_any_of_them_holds() -> None:
    masked = lexicon({"names": ["b c", "c d", "d e", "x"], "hints": ["e"]}, masks=["a b c", "c d e", "b c d", "d"])
    assert found(masked, "a b c d e x e") == [("names", "x"), ("hints", "e")]
    assert found(masked, "b c d e d e")[0] == ("names", "d e")


def test_a_mask_covers_what_lies_inside_and_not_what_sticks_out() -> None:
    masked = lexicon({"names": ["North Korea", "Korea Town gate"], "theme:food": ["Korea"]}, masks=["North Korea Town"])
    assert found(masked, "North Korea Town gate") == [("theme:food", "Korea"), ("names", "Korea Town gate")]


def test_a_mask_is_a_whole_word_too() -> None:
    masked = lexicon({"names": ["North Korea"]}, masks=["South, North Korea"])
    assert found(masked, "South, North Korea") == []
    assert found(masked, "deep-South, North Koreas") == [("names", "North Koreas")]


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
    assert [h.evidence.phrase for h in hits] == ["prison camp", "North Korea", "WHO", "WHO"]


any_text = st.text(st.characters(), max_size=8)
ALPHABETS = "Aé가北ーŏß1𝕏\U0001f600\U00020000\u0301\u0308ﬁ'-"
phrases = st.text(st.sampled_from(ALPHABETS), min_size=1, max_size=5).filter(lambda p: fold(p).text.strip())


@given(
    st.lists(st.one_of(any_text, phrases, st.sampled_from([" ", "\n\n", "\u3000 "])), max_size=20),
    st.lists(phrases, max_size=6),
    st.booleans(),
)
def test_whatever_the_terms_and_the_text_the_evidence_stands_there(
    pieces: list[str], terms: list[str], begun: bool
) -> None:
    listed = [*terms, *(f"{t}*" for t in terms if begun)]
    made = Lexicon("t", (), tuple(Term(t, "a", exact=n % 2 > 0) for n, t in enumerate(listed)), masks=tuple(terms[:1]))
    text = "".join([*pieces, *terms])
    for hit in made.hits("text", text, "en"):
        evidence = hit.evidence
        assert 0 <= evidence.start < evidence.end <= len(text)
        assert text[evidence.start : evidence.end] == evidence.phrase
        assert any(
            fold(evidence.phrase).text.replace(" ", "").startswith(fold(t.removesuffix("*")).text.replace(" ", ""))
            for t in listed
        )


@given(phrases, any_text)
def test_a_term_that_stands_between_spaces_is_found_whatever_its_script(phrase: str, around: str) -> None:
    phrase = phrase.strip("-'")
    made = lexicon({"a": [phrase or "x"]})
    text = f"{around} {phrase or 'x'} . {around}"
    assert phrase.strip() in {h.evidence.phrase for h in made.hits("text", text, "en")} or not phrase.strip()


words = st.text(st.sampled_from("abs"), min_size=1, max_size=3)


@given(st.text(st.sampled_from("abs A-.\n'é북1"), max_size=40), st.sets(words, min_size=1, max_size=4))
def test_terms_match_as_a_plain_search_for_each_of_them_does(text: str, terms: set[str]) -> None:
    made = lexicon({name: [name] for term in terms for name in (term, f"{term}*")})
    letter = "[absAé1]"
    expected = {
        (name, m.start(), m.end())
        for term in terms
        for name, end in ((term, "s?"), (f"{term}*", f"{letter}*"))
        for m in re.finditer(f"(?<!{letter}){term}{end}(?!{letter})", text.lower())
    }
    assert {(h.list, h.evidence.start, h.evidence.end) for h in made.hits("text", text, "en")} == expected


def test_half_a_character_is_read_over() -> None:
    assert found(SMALL, "\ud83d WHO \udfff북한\ud800", "ko") == [
        ("theme:health", "WHO"),
        ("word:who", "WHO"),
        ("names", "북한"),
    ]


def test_equal_terms_make_equal_lexicons() -> None:
    assert lexicon({"names": ["a"]}) == lexicon({"names": ["a"]})
    assert lexicon({"names": ["a"]}) != lexicon({"names": ["b"]})


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


@pytest.mark.parametrize(
    "piece", ["a", "북", "starv", "starving ", "WHO ", "“", "\u0301", "정치범 ", "  prison", "prison camp"]
)
def test_the_work_grows_with_the_text_and_not_faster(piece: str) -> None:
    def cost(count: int) -> int:
        return lines_run(lambda: SMALL.hits("text", piece * count, "ko"))

    assert cost(2_000) < 2.1 * cost(1_000)


class Counted:
    """Counts how often texts are looked through."""

    def __init__(self, automaton: AhoCorasick) -> None:
        self.automaton = automaton
        self.passes = 0

    def find_matches_as_indexes(self, text: str, *, overlapping: bool) -> list[tuple[int, int, int]]:
        self.passes += 1
        return self.automaton.find_matches_as_indexes(text, overlapping=overlapping)


@pytest.mark.parametrize("size", [10, 10_000])
def test_each_field_is_looked_through_once_however_many_terms_there_are(size: int) -> None:
    ruled = rules({"names": ["North Korea"], "theme:prisons": [f"camp number {n}" for n in range(size)]})
    counted = Counted(ruled.lexicon._automaton)
    object.__setattr__(ruled.lexicon, "_automaton", counted)
    found = read(statement(title="North Korea: a camp", text="Camp number 7 is gone. " * 20), ruled)
    assert (counted.passes, [f.code for f in found.themes]) == (2, ["prisons"])


def test_terms_that_a_text_does_not_have_cost_it_nothing() -> None:
    def cost(size: int) -> int:
        made = lexicon({"theme:prisons": ["guard", *(f"camp number {n}" for n in range(size))]})
        made.hits("text", "The first text compiles them.", "en")
        return lines_run(lambda: made.hits("text", "A guard stood there. " * 50, "en"))

    assert cost(10) == cost(5_000)


def test_a_theme_is_found_by_its_code() -> None:
    assert [SMALL.by_code[t.code] for t in SMALL.themes] == list(SMALL.themes)
