"""What a reader chose, between a form and a choice: nothing is lost, nothing odd gets in, nothing raises."""

import string
from dataclasses import replace
from unicodedata import category
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData
from starlette.requests import Request

from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Choice, Edition, Format, QuietHours, Rhythm, Schedule
from nkwatch.domain.wish import LONGEST, MOST_FOLLOWED, Follows, Mutes, Wish
from nkwatch.web import forms
from nkwatch.web.forms import SENTENCES, read_choice, zones
from nkwatch.web.posted import DISPOSABLE, INVALID, MOST_FIELDS, check_address, read_form
from nkwatch.web.values import LARGEST_FORM, MOST_WISHES, Known, Ticked, Values

THEMES, SOURCES = ("prisons", "refugees", "security"), ("a", "b", "c-korean")
KNOWN = Known(frozenset(THEMES), frozenset(SOURCES), frozenset({"en", "ko"}))
#: The least that is a choice.
PLAIN = {"rhythm": "weekly", "language": "en", "format": "html", "wish0-scope": "all"}


def form(**fields) -> FormData:
    """A form with the least, and these fields; lists are fields of one name."""
    given = PLAIN | {name.replace("_", "-"): value for name, value in fields.items()}
    pairs = [(n, v) for n, value in given.items() for v in (value if isinstance(value, list) else [value])]
    return FormData([(n, v) for n, v in pairs if v is not None])


def choice(**fields) -> Choice:
    filled = read_choice(form(**fields), KNOWN)
    assert filled.choice, filled.problems
    return filled.choice


def problems(**fields) -> dict:
    filled = read_choice(form(**fields), KNOWN)
    assert filled.choice is None
    return dict(filled.problems)


texts = st.text(st.characters(codec="utf-8"), max_size=60)
letters = st.text(string.ascii_letters + "가나다漢字éß", min_size=1, max_size=20)
follows = st.builds(Follows, st.frozensets(letters, max_size=3), st.frozensets(letters, max_size=3))
sides = {
    "themes": st.frozensets(st.sampled_from(THEMES)),
    "sources": st.frozensets(st.sampled_from(SOURCES)),
    "roles": st.frozensets(st.sampled_from(Role)),
    "follows": follows,
}
wishes = st.builds(Wish, **sides)
#: Two different hours.
quiet = st.lists(st.integers(0, 23), min_size=2, max_size=2, unique=True).map(lambda hours: QuietHours(*hours))
choices = st.builds(
    Choice,
    schedule=st.builds(
        Schedule,
        st.sampled_from(Rhythm),
        st.integers(0, 23),
        st.sampled_from(("UTC", "Asia/Seoul", "America/Argentina/Buenos_Aires")),
        st.integers(0, 6),
        st.integers(1, 31),
    ),
    alerts=st.just(True),
    edition=st.builds(Edition, st.sampled_from(("en", "ko")), st.sampled_from(Format), st.booleans()),
    wishes=st.lists(wishes, min_size=1, max_size=MOST_WISHES).map(tuple),
    mutes=st.builds(Mutes, **sides),
    phrase=letters,
    country=st.sampled_from(("", "GB", "KR")),
    lull=st.booleans(),
    quiet=st.none() | quiet,
)


@given(choices)
def test_a_choice_survives_the_form(chosen):
    filled = read_choice(FormData(Values.of(chosen).fields()), KNOWN)
    assert (filled.choice, filled.problems) == (chosen, {})


@given(st.lists(st.tuples(st.sampled_from([*Values.of(Choice()).__slots__, "wish0-scope", "wish0-themes", "wish0-sources",
    "wish0-roles", "wish0-words", "wish3-cases", "wish99-words", "wish0-x", "mute-words", "mute-themes", "step"]), texts)))  # fmt: skip
def test_no_form_is_too_odd(pairs):
    filled = read_choice(FormData([*PLAIN.items(), *pairs]), KNOWN)
    assert (filled.choice is None) == bool(filled.problems)
    assert set(filled.problems.values()) <= set(SENTENCES.values())
    again = read_choice(FormData(filled.values.fields()), KNOWN)
    assert filled.choice is None or again.choice == filled.choice


@given(st.text(st.characters(codec="utf-8"), max_size=150), st.text(st.characters(codec="utf-8"), max_size=150))
def test_no_control_letters_and_line_ends_survive(phrase, words):
    filled = read_choice(form(phrase=phrase, wish0_words=words, mute_cases=words), KNOWN)
    if filled.choice is None:
        return
    kept = [filled.choice.phrase, *(w for s in filled.choice.wishes for w in s.follows.words)]
    for text in [*kept, *filled.choice.mutes.follows.cases]:
        assert text == " ".join(text.split())
        assert not [c for c in text if category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and c not in "\u200c\u200d"]
        assert len(text) <= LONGEST


def test_the_least_form_asks_for_everything_weekly():
    assert choice() == Choice(alerts=False)
    assert choice(alerts="yes") == Choice()


def test_everything_with_words_to_follow_is_two_wishes_and_one_in_the_form():
    chosen = choice(wish0_words="북송\nfamin*")
    assert chosen.wishes == (Wish(), Wish(follows=Follows(frozenset({"북송", "famin*"}))))
    (shown,) = Values.of(chosen).wishes
    assert (shown.scope, shown.words) == ("all", "famin*\n북송")


def test_words_stand_on_lines_or_between_commas_of_any_script():
    chosen = choice(wish0_scope="some", wish0_words="a1, b2\r\nc3、d4，e5;f6\u2028g7\n\n , \n a1")
    assert chosen.wishes[0].follows.words == {"a1", "b2", "c3", "d4", "e5", "f6", "g7"}


def test_ticks_count_only_where_only_what_is_ticked_was_chosen():
    assert choice(wish0_themes="prisons").wishes == (Wish(),)
    assert choice(wish0_scope="some", wish0_themes=["prisons", "refugees"]).wishes[0].themes == {"prisons", "refugees"}


def test_one_box_can_stand_for_all_sources_of_a_publisher():
    assert choice(wish0_scope="some", wish0_sources="a b").wishes[0].sources == {"a", "b"}


def test_a_wish_that_was_left_empty_is_none():
    chosen = choice(wish0_scope="some", wish0_themes="prisons", wish4_scope="some", wish4_words=" \n")
    assert chosen.wishes == (Wish(frozenset({"prisons"})),)


@pytest.mark.parametrize(
    ("fields", "name", "said"),
    [
        ({"rhythm": None}, "rhythm", "rhythm"),
        ({"rhythm": "hourly"}, "rhythm", "rhythm"),
        ({"rhythm": "none"}, "rhythm", "nothing"),
        ({"hour": "24"}, "hour", "hour"),
        ({"hour": "seven"}, "hour", "hour"),
        ({"weekday": "7"}, "weekday", "weekday"),
        ({"monthday": "0"}, "monthday", "monthday"),
        ({"zone": "Asia/Nowhere"}, "zone", "zone"),
        ({"zone": "localtime"}, "zone", "zone"),
        ({"zone": "../../etc/passwd"}, "zone", "zone"),
        ({"language": "xx"}, "language", "language"),
        ({"format": "pdf"}, "format", "format"),
        ({"phrase": "x" * 101}, "phrase", "phrase"),
        ({"country": "EU"}, "country", "country"),
        ({"country": "gb"}, "country", "country"),
        ({"evening": "22"}, "morning", "morning"),
        ({"evening": "22", "morning": "22"}, "morning", "morning"),
        ({"evening": "24", "morning": "7"}, "evening", "evening"),
        ({"morning": "7"}, "evening", "evening"),
        ({"wish0_scope": "none"}, "wish0-scope", "scope"),
        ({"wish0_scope": "some"}, "wish0-scope", "unticked"),
        ({"wish0_themes": "everything"}, "wish0-themes", "themes"),
        ({"wish0_sources": "a z"}, "wish0-sources", "sources"),
        ({"wish0_roles": "spy"}, "wish0-roles", "roles"),
        ({"wish0_words": "x" * 101}, "wish0-words", "too long"),
        ({"wish0_words": "\n".join(map(str, range(51)))}, "wish0-words", "too many"),
        ({"wish0_words": "x" * 200_000}, "wish0-words", "too many"),
        ({"wish0_cases": "***"}, "wish0-cases", "no letters"),
        ({"mute_themes": "everything"}, "mute-themes", "themes"),
        ({"mute_cases": "-"}, "mute-cases", "no letters"),
        ({f"wish{n}_scope": "all" for n in range(6)}, "wish0-scope", "five"),
    ],
)
def test_each_wrong_field_is_told_in_a_sentence(fields, name, said):
    assert problems(**fields) == {name: SENTENCES[said]}


def test_all_problems_are_told_at_once_by_the_numbers_that_the_page_shows():
    told = problems(hour="x", wish3_scope="some", wish3_themes="none", mute_roles="x")
    assert list(told) == ["hour", "wish1-themes", "mute-roles"]


def test_the_sentences_name_the_true_limits():
    assert (MOST_WISHES, MOST_FOLLOWED, LONGEST) == (5, 50, 100)


def test_what_is_not_known_is_not_shown_again():
    values = read_choice(form(wish0_scope="some", wish0_sources="a z", mute_roles="spy press"), KNOWN).values
    assert values.wishes[0].sources == {"a"}
    assert values.mutes.roles == {"press"}


def test_what_somebody_chose_earlier_is_no_mistake_though_it_is_gone():
    earlier = Choice(wishes=(Wish(sources=frozenset({"gone"})),), edition=Edition("de"))
    filled = read_choice(FormData(Values.of(earlier).fields()), KNOWN.besides(earlier))
    assert filled.choice == earlier


def test_a_wish_can_be_added_and_removed():
    values = Values(wishes=(Ticked("some", frozenset({"prisons"})),))
    more = values.reshaped("more")
    assert more.wishes == (*values.wishes, Ticked("some"))
    assert more.reshaped("drop0").wishes == (Ticked("some"),)
    assert values.reshaped("drop0").wishes == (Ticked(),)
    assert values.reshaped("list") == replace(values, mutes=replace(values.mutes, listed=True))
    assert values.reshaped("drop7") == values
    full = Values(wishes=(Ticked(),) * MOST_WISHES)
    assert full.reshaped("more") == full
    assert [values.reshaped(step) for step in ("", "look", "drop", "drop10", "dropx", "drop٣")] == [None] * 6


def test_every_zone_of_the_world_is_there_and_nothing_else():
    assert {"UTC", "Asia/Seoul", "Asia/Pyongyang", "Europe/Kyiv", "Europe/Kiev"} <= zones()
    assert not {"localtime", "Factory", "posixrules"} & zones()


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("ann@inbox.org", "ann@inbox.org"),
        ("Ann.Lee+nk@INBOX.org", "Ann.Lee+nk@inbox.org"),
        ("ann@xn--mnchen-3ya.de", "ann@münchen.de"),
        ("ann@münchen.de", "ann@münchen.de"),
        ("박@예시.한국", "박@예시.한국"),
    ],
)
def test_an_address_gets_its_usual_form(said, address):
    checked = check_address(said)
    assert (checked.address, checked.problem) == (address, "")


@pytest.mark.parametrize(
    "said",
    ["", "ann", "ann@", "@inbox.org", "ann@inbox", "a b@inbox.org", "ann@inbox.org\r\nBcc: x@y.org", "ann@[127.0.0.1]", "x" * 300 + "@a.org",
     "ann@localhost", '"ann"@inbox.org', "ann@inbox.org,bob@inbox.org", "Ann <ann@inbox.org>", "ann@exa_mple.org", "ann@a..org"],
)  # fmt: skip
def test_what_is_no_address_is_told(said):
    assert check_address(said).problem == INVALID


@pytest.mark.parametrize("said", ["ann@mailinator.com", "ann@MAILINATOR.com", "ann@sub.mailinator.com"])
def test_an_address_to_throw_away_is_refused(said):
    assert check_address(said).problem == DISPOSABLE


@given(st.text())
def test_no_address_is_too_odd(said):
    check_address(said)


def request(body: bytes, kind: str = "application/x-www-form-urlencoded") -> Request:
    async def receive():
        return {"type": "http.request", "body": body}

    return Request({"type": "http", "headers": [(b"content-type", kind.encode())]}, receive)


async def test_a_form_is_read_in_utf_8():
    read = await read_form(request(b"a=1&a=2&phrase=%EB%B6%81+%EC%86%A1&empty="))
    assert read.multi_items() == [("a", "1"), ("a", "2"), ("phrase", "북 송"), ("empty", "")]
    assert await read_form(request(b"a=1", "application/x-www-form-urlencoded; charset=UTF-8"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"a=%FF%FE", "application/x-www-form-urlencoded"),
        (b"a=\xff", "application/x-www-form-urlencoded"),
        (b"a=%ED%A0%80", "application/x-www-form-urlencoded"),
        (b"&".join([b"a"] * (MOST_FIELDS + 1)), "application/x-www-form-urlencoded"),
        (b"a=1", "application/x-www-form-urlencoded; charset=euc-kr"),
        (b"{}", "application/json"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"a=1", ""),
    ],
)
async def test_what_none_of_our_forms_sends_is_no_form(body, kind):
    assert await read_form(request(body, kind)) is None


def test_the_largest_form_fits_into_a_body():
    words = "\r\n".join(f"{n:02}" + "😀" * (LONGEST - 2) for n in range(MOST_FOLLOWED))
    ticked = [(kind, f"{n:030}") for kind in ("themes", "sources") for n in range(160)]
    sides = [f"wish{n}" for n in range(MOST_WISHES)] + ["mute"]
    pairs = [(f"{s}-{k}", words) for s in sides for k in ("words", "cases")]
    pairs += [(f"{s}-{kind}", v) for s in sides for kind, v in ticked] + [("phrase", "😀" * LONGEST)]
    assert len(pairs) < MOST_FIELDS
    assert len(urlencode(pairs)) < LARGEST_FORM


def test_every_sentence_is_plain():
    assert all(s.endswith(".") and "%" not in s for s in forms.SENTENCES.values())
