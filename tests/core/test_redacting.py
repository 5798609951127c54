"""How the forms of a name are found and blacked out, and what becomes of what holds them."""

import base64
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.redaction import MOST_FORMS, SAMPLES, SQUARES, Affected, problems
from nkwatch.domain.statement import Presence
from nkwatch.reading.quoted import Phrases
from nkwatch.reading.redacting import NOBODY, Forms, husk
from tests.making import NOW, article, entry, statement

FORMS = Forms(["리은영", "Ri Un-yong", "Lee Eun-young", "横田めぐみ"])


@pytest.mark.parametrize(
    "written",
    [
        "Ri Un-yong", "Ri Un Yong", "RI UN YONG", "ri unyong", "Ri\u00a0Un\u2011yong", "Ｒｉ Ｕｎ－ｙｏｎｇ", "Rí Ŭn-yŏng", "ri_un_yong",
        "Ri Un\n    yong", "Ri Un\u00adyong", "R\u200bi Un-yong", "Ri, Un-yong", "Ri%20Un-yong", "Ri&nbsp;Un&#45;yong",
        "Ri Un-yongs",
        "리은영", "리 은영", "리·은영", unicodedata.normalize("NFD", "리은영"), "%EB%A6%AC%EC%9D%80%EC%98%81",
        "&#47532;&#51008;&#xC601;", "\\ub9ac\\uc740\\uc601", "横田 めぐみ", "横田めぐみ",
    ],
)  # fmt: skip
def test_a_name_is_found_however_it_is_written(written):
    assert FORMS.blacked_out(f"So said {written}, yesterday.") == f"So said {SQUARES}, yesterday."


@pytest.mark.parametrize(
    "other",
    ["Ri Un-yongho", "Tari Un-yong", "Lee Eun", "리은", "은영", "리은여", "Kim Un-yong", "100%de 5&6 \\u00", ""],
)
def test_what_is_no_form_of_the_name_stays(other):
    text = f"So said {other}, yesterday."
    assert FORMS.blacked_out(text) == text
    assert not FORMS.named(other)


def test_a_syllable_of_hangul_is_not_cut():
    assert not Forms(["리은여"]).named("리은영")
    assert Forms(["리은여"]).named("리은여가")


def test_possessives_particles_and_neighbours_in_other_scripts_stay():
    assert FORMS.blacked_out("Ri Un-yong's mother, Ri Un-yong은, 어머니리은영이") == (
        f"{SQUARES}'s mother, {SQUARES}은, 어머니{SQUARES}이"
    )


def test_every_name_leaves_as_many_squares_and_all_else_its_place():
    text = "리은영 (Ri Un-yong), also Lee Eun-young; Ri Un-yong again."
    assert FORMS.blacked_out(text) == f"{SQUARES} ({SQUARES}), also {SQUARES}; {SQUARES} again."


def test_an_address_in_a_text_goes_as_a_whole():
    told = FORMS.blacked_out(
        "See https://a.example/2026/ri-un-yong-held?x=1 and a.example/p/Ri_Un_Yong/ri-un-yong now."
    )
    assert told == f"See {SQUARES} and {SQUARES} now."


def test_a_link_of_a_page_leads_nowhere():
    page = '<a class="link" href="https://a.example/%EB%A6%AC%EC%9D%80%EC%98%81">Ri Un-yong</a>'
    assert FORMS.blacked_out(page) == f'<a class="link" href="#">{SQUARES}</a>'


def test_an_address_is_emptied_however_often_the_name_is_encoded():
    twice = "https://b.example/?u=https%3A%2F%2Fa.example%2F%25EB%25A6%25AC%25EC%259D%2580%25EC%2598%2581"
    assert FORMS.address(twice) == ""
    assert FORMS.address("https://a.example/ri-un-yong") == ""
    assert FORMS.address("https://a.example/other") == "https://a.example/other"


def test_broken_octets_hide_nothing():
    assert FORMS.blacked_out("%FF%FERi Un-yong") == f"%FF%FE{SQUARES}"
    assert FORMS.blacked_out("50%Ri Un-yong %ed Ri%20Un-yong") == f"50%{SQUARES} %ed {SQUARES}"


@given(st.text(), st.sampled_from(["리은영", "Ri Un-yong", "Ri%20Un-yong"]), st.text())
def test_what_was_blacked_out_holds_the_name_no_more_and_stays_as_it_is(before, name, after):
    told = FORMS.blacked_out(f"{before} {name} {after}")
    assert SQUARES in told
    assert FORMS.blacked_out(told) == told
    assert "리은영" not in told
    assert "Un-yong" not in told


@given(st.text())
def test_without_a_name_a_text_stays_as_it_is(text):
    assert NOBODY.blacked_out(text) == text
    assert list(NOBODY._places(text)) == []


def test_invisible_characters_in_a_form_do_not_count():
    assert Forms(["Ri Un\u00adyong"]).named("Ri Un-yong")


def test_nobody_is_found_nowhere():
    assert not NOBODY
    assert not Forms(["", "--"])
    assert NOBODY.address("https://a.example/x") == "https://a.example/x"
    assert not NOBODY.named_in_bytes(b"Ri Un-yong")
    assert NOBODY.identified(((entry(), ("guid:1",)),)) == ((entry(), ("guid:1",)),)


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "utf-16", "utf-16-be", "iso2022_kr", "gb18030"])
def test_bytes_are_looked_through_in_the_usual_encodings(encoding):
    assert FORMS.named_in_bytes("<p>어제 리은영 씨</p>".encode(encoding))
    assert not FORMS.named_in_bytes("<p>어제 김은주 씨</p>".encode(encoding))


@pytest.mark.parametrize(
    ("name", "encoding"), [("李恩英", "gb18030"), ("李恩英", "big5"), ("李恩英", "euc_jp"), ("李恩英", "iso2022_jp")]
)
def test_names_in_chinese_characters_are_found_in_bytes_too(name, encoding):
    assert Forms([name]).named_in_bytes(f"<p>{name}は北朝鮮</p>".encode(encoding, "ignore"))


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
@pytest.mark.parametrize("written", [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes])
@pytest.mark.parametrize("before", range(3))
def test_what_stands_as_base64_in_bytes_is_looked_through(encoding, written, before):
    said = "<p>어제 리은영 씨가 " + "수용소에서 " * 20 + "</p>"
    run = written(b" " * before + said.encode(encoding)).strip()
    assert FORMS.named_in_bytes(b'<a href="data:text/html;base64,' + run + b'">')
    assert FORMS.named_in_bytes(b"<content>" + run.rstrip(b"=") + b"</content>")
    other = written(said.replace("리은영", "김은주").encode(encoding))
    assert not FORMS.named_in_bytes(b"<content>" + other + b"</content>")


def test_pictures_in_a_page_are_not_taken_for_texts():
    picture = base64.b64encode(b"\x89PNG" + b"x" * 40)
    assert not FORMS.named_in_bytes(b'<img src="data:image/png;base64,' + picture + b'">')


@given(st.binary(max_size=80))
def test_any_bytes_can_be_looked_through(body):
    FORMS.named_in_bytes(body)
    FORMS.named_in_bytes(b"A" * 25 + body)


def test_bytes_that_cannot_be_read_may_name_anybody():
    for body in (b"%PDF-1.7\n...", b"\r\n%PDF-1.4", b"PK\x03\x04...", b"\x1f\x8b...", b"\xff\xd8\xff\xe0"):
        assert FORMS.named_in_bytes(body)
        assert not NOBODY.named_in_bytes(body)


def test_a_mention_is_known_by_its_key_too():
    assert "megumi yokota" in Forms(["Yokota Megumi"]).keys
    assert Forms(["Yokota Megumi"]).known("megumi yokota")
    assert FORMS.known("ri un yong")
    assert not FORMS.known("kim un yong")


def test_an_entry_is_kept_without_the_name_and_known_by_its_keys():
    shown = entry("Ri Un-yong is missing", url="https://a.example/ri-un-yong", text="리은영", author="Ri Un-yong")
    ((kept, keys),) = FORMS.identified(((shown, ("url:a.example/ri-un-yong",)),))
    assert (kept.title, kept.url, kept.text, kept.author) == (f"{SQUARES} is missing", "", SQUARES, SQUARES)
    assert keys == ("url:a.example/ri-un-yong",)


def test_statements_and_articles_are_kept_without_the_name():
    one = FORMS.statement(statement(title="Ri Un-yong", text="리은영", teaser="Lee Eun Young", author="a"))
    assert (one.title, one.text, one.teaser, one.author, one.url) == (
        SQUARES, SQUARES, SQUARES, "a", "https://a.example/s1",
    )  # fmt: skip
    page = FORMS.article(article("Ri Un-yong was seen.", author="Ri Un-yong"))
    assert (page.title, page.text, page.author) == (
        "A family is missing in Hoeryong", f"{SQUARES} was seen.", SQUARES,
    )  # fmt: skip


def test_a_value_of_json_is_blacked_out_wherever_it_speaks():
    told = FORMS.told({"words": [["en", "Ri Un-yong is safe"]], "at": 3, "none": None})
    assert told == {"words": [["en", f"{SQUARES} is safe"]], "at": 3, "none": None}


@pytest.mark.parametrize("value", ["리은영", {"a": [1, ("x", {"b": "Ri Un-yong"})]}])
def test_a_value_tells_of_somebody_however_deep(value):
    assert FORMS.told_by(value)
    assert not Forms(["Kim Chol-su"]).told_by(value)


def test_of_a_reading_only_themes_and_figures_stay():
    seen = {"field": "text", "start": 0, "end": 3, "phrase": "리은영"}
    findings = {
        "relevance": 1.5, "relevance_evidence": [seen], "released_by": "Ri Un-yong", "language": "ko",
        "themes": [{"code": "prisons", "kind": "rights", "score": 2.0, "evidence": [seen]}],
        "cases": [{"who": seen, "key": "i eun yeong", "kind": "person"}],
    }  # fmt: skip
    assert husk(findings, FORMS) == {
        "relevance": 1.5, "relevance_evidence": [], "released_by": SQUARES, "language": "ko",
        "themes": [{"code": "prisons", "kind": "rights", "score": 2.0, "evidence": []}],
        "cases": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("forms", "why"),
    [
        (["Ri Un-yong", "Ri"], "form 2: needs 4 letters"),
        (["김"], "form 1: needs 2 letters"),
        ([], "at least one form"),
        (["x" * 101], "longer than 100"),
        (["abcde"] * (MOST_FORMS + 1), "at most 50 forms"),
    ],
)
def test_a_form_that_would_stand_everywhere_is_refused_and_not_repeated(forms, why):
    (told,) = problems(forms)
    assert why in told
    assert all(form not in told for form in forms if form != "Ri")


def test_forms_of_any_script_are_taken():
    assert problems(["리은", "Ri Un-yong", "横田"]) == []


def test_what_is_affected_adds_up_and_a_second_look_counts_nothing_twice():
    one = Affected({"statements": 2}, tuple((str(n), "t") for n in range(8)), frozenset({"a"}))
    both = one + Affected({"statements": 1, "blocks": 1}, one.samples, frozenset({"b"}))
    assert (both.counts, len(both.samples), both.spellings) == ({"statements": 3, "blocks": 1}, SAMPLES, {"a", "b"})
    again = both.again(Affected({"statements": 1, "keys": 1, "blocks": 1}))
    assert again.counts == {"statements": 3, "blocks": 1, "keys": 1}


def test_what_was_taken_out_is_neither_edited_nor_completed():
    gone = statement(title="", text="", presence=Presence.REDACTED)
    assert gone.after(entry(), NOW) is gone
    assert gone.completed(article(), NOW) is gone
    assert not gone.public(NOW)


SAID = "A family of three is missing in Hoeryong. They were seen last\non a Friday. Why?"


def test_the_sentences_of_a_text_are_found_where_they_are_quoted():
    phrases = Phrases([SAID])
    quoted = "Asked: “A family of three\n  is missing in Hoeryong.” They were seen last year."
    assert phrases.quoted(quoted)
    assert phrases.blacked_out(quoted) == f"Asked: “{SQUARES}” They were seen last year."


def test_the_beginning_of_a_sentence_is_enough():
    assert Phrases([SAID]).blacked_out("A family of three is missing…") == f"{SQUARES}…"
    assert Phrases([SAID]).blacked_out("A family of three&#32;&quot;") == "A family of three&#32;&quot;"
    assert Phrases([SAID], shortest=12).blacked_out("A family of four") == f"{SQUARES}four"


def test_short_sentences_and_other_texts_stay():
    other = "Why? They are in Onsong."
    assert not Phrases([SAID]).quoted(other)
    assert Phrases([SAID]).blacked_out(other) == other


def test_places_that_overlap_are_blacked_out_once_and_whole():
    phrases = Phrases(["one two three four five six seven", "four five six seven eight nine ten"])
    both = "one two three four five six seven eight nine ten."
    assert phrases.blacked_out(both) == f"{SQUARES}."
    twice = Phrases(["one two three four five six seven", "one two three four five six seven eight"])
    assert twice.blacked_out("x one two three four five six seven eight y") == f"x {SQUARES} y"
    assert Phrases([" \t "]).blacked_out(f" {both} ") == f" {both} "


def test_what_stands_within_another_is_blacked_out_with_it():
    phrases = Phrases(["one two three four five six seven eight", "three four five six seven"])
    assert phrases.blacked_out("so: one two three four five six seven eight, nine") == f"so: {SQUARES}, nine"
