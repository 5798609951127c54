"""Replies: which lines are their writer's own, what is a request to leave, and what is to be done with a mail."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.catalogue.leaving import load_leaving
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.reply import LONGEST_LINE, OWN_LINES, Handling, Reply, Sorted, own_lines
from nkwatch.editing.leaving import Sorting, Wording, compact

ID, TAG = "abcdefghij234567", "zyxwvutsrqponm23"
OTHER = "otherother234567"
WORDING = load_leaving()
SORT = Sorting(
    WORDING,
    "Replies@Watch.example",
    frozenset({"digest@watch.example"}),
    lambda i, t: (i[:5], t) in {("abcde", TAG), ("other", TAG)},
)
OURS = f"replies+{ID}.{TAG}@watch.example"
DIGEST = "[nkwatch] Week 47: nine people sent back"


def reply(first: str = "Unsubscribe", **fields) -> Reply:
    given_ = {"recipients": (OURS,), "sender": "ann@inbox.example", "subject": f"Re: {DIGEST}", "lines": (first,)}
    return Reply(**(given_ | fields))


# Own lines


def test_the_first_own_lines_are_kept() -> None:
    assert own_lines("\n Hello \n\nplease stop\n") == ("Hello", "please stop")
    assert own_lines("\n".join("abcdefgh")) == tuple("abcdefgh"[:OWN_LINES])
    assert own_lines("x" * 1_000) == ("x" * LONGEST_LINE,)
    assert own_lines("") == ()


@pytest.mark.parametrize(
    "heading",
    [
        "On Mon, 23 Nov 2026 at 07:00, nkwatch <digest@watch.example> wrote:",
        "On Mon, 23 Nov 2026 at 07:00, nkwatch\n<digest@watch.example> wrote:",
        "2026년 11월 23일 (월) 오전 7:00, nkwatch <digest@watch.example>님이 작성:",
        "2026年11月23日(月) 7:00 nkwatch <digest@watch.example>：",
    ],
)
def test_what_is_quoted_and_its_heading_are_not_own(heading: str) -> None:
    assert own_lines(f"{heading}\n\n> Nine people\n> > were sent back.\n\nstop\n") == ("stop",)
    assert own_lines(f"{heading}\n> Nine people were sent back.") == ()


@pytest.mark.parametrize("divider", ["-----Original Message-----", "--", "________________", "----- 원본 메시지 -----"])
def test_nothing_below_a_divider_is_own(divider: str) -> None:
    assert own_lines(f"Thank you\n{divider}\nFrom: nkwatch\nUnsubscribe") == ("Thank you",)


def test_a_colon_without_a_quotation_is_own() -> None:
    assert own_lines("Please note:\nI moved.") == ("Please note:", "I moved.")
    assert own_lines("Please note:") == ("Please note:",)
    assert own_lines("One\n> quoted") == ("One",)


@given(st.text(max_size=300))
def test_any_text_has_few_short_own_lines(text: str) -> None:
    lines = own_lines(text)
    assert len(lines) <= OWN_LINES
    assert all(line and len(line) <= LONGEST_LINE for line in lines)


# Requests


@pytest.mark.parametrize(
    "words",
    [
        "unsubscribe", "UNSUBSCRIBE!", "Please unsubscribe me.", "Stop", "stop please", "Leave", "Remove me, thanks",
        "Thank you. Take me off this list please", "un-subscribe", "opt out", "I don’t want these emails.",
        "Ｕｎｓｕｂｓｃｒｉｂｅ", "*unsubscribe*",
        "수신거부", "수신 거부", "수신거부 부탁드립니다.", "구독 해지", "구독을 해지하고 싶습니다", "구독 취소해 주세요", "해지", "메일 그만 보내주세요",
        "구독중지", "탈퇴합니다",
        "配信停止", "配信停止をお願いします。", "退会", "退会したいです", "購読解除してください", "メールを止めてください", "退会希望",
        "désabonner", "Desabonner svp", "me désinscrire", "Merci de me désinscrire de cette liste", "désinscription",
        "Je souhaite me désabonner, merci.", "Baja, por favor", "Bitte abmelden", "请退订", "退訂",
    ],
)  # fmt: skip
def test_a_request_to_leave_is_understood(words: str) -> None:
    leaving = Sorted(Handling.LEAVE, ID, asks_to_leave=True)
    assert SORT(reply(words)) == leaving
    assert SORT(reply("", subject=words)) == leaving
    assert SORT(reply("", subject=f"RE: {words}")) == leaving


@pytest.mark.parametrize(
    "words",
    [
        "please do not stop writing about prisons", "Stop! You got the name of the camp wrong.", "Don't stop",
        "How do I unsubscribe my colleague?", "When will China stop?", "Thank you", "Hello", "", "?", "leave no one behind",
        "I do not want to unsubscribe", "수신거부가 아니라 질문입니다", "해지하지 마세요", "配信停止はしないでください",
        "退会しません", "Ne me désabonnez pas", "Unsubscribe: https://watch.example/leave/x",
    ],
)  # fmt: skip
def test_what_only_speaks_of_it_goes_to_a_person(words: str) -> None:
    assert SORT(reply(words)) == Sorted(Handling.PERSON)
    assert SORT(reply("", subject=words)) == Sorted(Handling.PERSON)


def test_courtesies_come_before_a_request() -> None:
    assert SORT(reply(lines=("Dear editors,", "thank you!", "Please remove me."))).handling is Handling.LEAVE
    assert SORT(reply(lines=("안녕하세요.", "수신거부 부탁드립니다."))).handling is Handling.LEAVE
    assert SORT(reply(lines=("Your report was good.", "Stop"))).handling is Handling.PERSON


@pytest.mark.parametrize("prefix", ["Re: ", "RE: Fwd: ", "Re[2]: ", "AW: ", "답장: ", "Re：", "TR : ", "re:re:re:"])
def test_prefixes_of_subjects_are_passed_over(prefix: str) -> None:
    assert SORT(reply("", subject=f"{prefix}unsubscribe")).handling is Handling.LEAVE


def test_other_words_before_a_colon_are_not() -> None:
    assert SORT(reply("", subject="Prisons: stop")).handling is Handling.PERSON


# Whose subscription


@pytest.mark.parametrize(
    "recipient",
    [
        "replies@watch.example",
        f"replies+{ID}.{'a' * 16}@watch.example",
        f"replies+{OTHER[::-1]}.{TAG}@watch.example",
        f"replies+{ID}.{TAG}@watch.example.evil.example",
        f"other+{ID}.{TAG}@watch.example",
        f"{ID}.{TAG}@watch.example",
        f"replies+{ID}{TAG}@watch.example",
        f"replies+x+{ID}.{TAG}@watch.example",
        f"replies+{'a' * 41}.{TAG}@watch.example",
        "replies+\udcff.\udcff@watch.example",
        "replies",
        "",
    ],
)
def test_without_a_valid_tag_a_person_decides(recipient: str) -> None:
    assert SORT(reply(recipients=(recipient,))) == Sorted(Handling.PERSON, asks_to_leave=True)


def test_any_of_the_recipients_may_carry_the_tag() -> None:
    assert SORT(reply(recipients=("friend@inbox.example", OURS))).subscriber_id == ID
    assert SORT(reply(recipients=(OURS, OURS))).subscriber_id == ID


def test_two_subscriptions_are_one_too_many() -> None:
    two = (OURS, OURS.replace(ID, OTHER))
    assert SORT(reply(recipients=two)) == Sorted(Handling.PERSON, asks_to_leave=True)


def test_nobody_reads_what_programs_or_we_wrote() -> None:
    assert SORT(replace(reply(), automatic=True)) == Sorted(Handling.IGNORE)
    assert SORT(reply(sender="digest@watch.example")) == Sorted(Handling.IGNORE)


def test_bounces_are_left_to_others() -> None:
    assert SORT(replace(reply(), automatic=True, bounce=True)) == Sorted(Handling.BOUNCE)


@given(
    st.builds(
        Reply, st.tuples(st.text() | st.just(OURS)), st.text(), st.text(), st.lists(st.text(), max_size=5).map(tuple)
    )
)
def test_any_mail_is_sorted(any_: Reply) -> None:
    assert SORT(any_).handling in {Handling.LEAVE, Handling.PERSON, Handling.IGNORE}


@given(st.text(max_size=60))
def test_what_is_compact_stays_compact(text: str) -> None:
    assert compact(compact(text)) == compact(text)


def test_every_shipped_request_leaves_and_no_courtesy_does() -> None:
    assert all(WORDING.asks(Reply(lines=(words,))) for words in WORDING.requests)
    assert not [c for c in WORDING.courtesies if WORDING.asks(Reply(lines=(c,)))]


def test_an_empty_wording_lets_nobody_leave() -> None:
    assert not Wording(frozenset()).asks(reply())


# The file


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "no TOML"),
        ("[requests]", "courtesies"),
        ('[requests]\nen = "stop"\n[courtesies]\n[prefixes]', "list of phrases"),
        ("[requests]\n[courtesies]\n[prefixes]\n[polite]", "polite"),
    ],
)
def test_a_wrong_file_is_told(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_leaving(text)
