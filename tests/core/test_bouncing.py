"""What refused and returned mails mean."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bounce import BounceKind, Fate
from nkwatch.editing.bouncing import is_explicit, kind_of, of_reply, run_out, status_in

HARD, SOFT, NONE = BounceKind.HARD, BounceKind.SOFT, BounceKind.NONE
NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)

GONE = [
    "550 5.1.1 <ann@inbox.example>: Recipient address rejected: User unknown in local recipient table",
    "550-5.1.1 The account that you wrote to does not exist. Look for\n550-5.1.1 errors in its\n550 5.1.1 spelling.",
    "553 5.3.0 <ann@inbox.example>... No such user here",
    "550 Requested action not taken: mailbox unavailable",
    "550 5.4.1 Recipient address rejected: Access denied",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "This user doesn't have a yahoo.example account (ann@yahoo.example) [0]",
    "This account has been disabled or discontinued [#102].",
    "User ann (ann@notes.example) not listed in Domino Directory",
    "Sorry, I couldn't find any host named inbox.example. (#5.1.2)",
    "Host or domain name not found. Name service error for name=inbox.example type=A: Host not found",
    "556 5.1.10 Domain inbox.example does not accept mail (nullMX)",
    "all relevant MX records point to non-existent hosts",
    "Unrouteable address",
    "550 5.0.350 Remote server returned an error -> 550 5.1.1 <ann@inbox.example> mailbox not found",
    "554 delivery error: this user doesn't have a yahoo.example account (in reply to end of DATA command)",
    ">>> DATA <<< 550 5.1.1 user unknown <<< 503 5.0.0 Need RCPT (recipient)",
    "ann@inbox.example has moved: ann@inbox.example has been replaced by ann@elsewhere.example",
    "550 5.7.1 no such user",
    "550 BAD_RECIPIENT see the page of help",
    "550 UserNotFound",
    "550 ann_lee@inbox.example is no longer a valid address",
    "554 unrecognized address",
    "the domain inbox.example has no valid mail servers",
    "boîte aux lettres inconnue",
    "buzón inexistente",
    "caixa postal inexistente",
    "użytkownik nie istnieje",
    "onbekende gebruiker",
    "okänd mottagare",
    "geçersiz alıcı",
    "메일주소가 잘못되었습니다",
    "宛先のアドレスに誤りがあります",
    "該收件者不存在",
    "Empfänger unbekannt",
    "L'adresse n'existe pas",
    "no existe ese usuario",
    "o destinatário não foi encontrado",
    "utente sconosciuto",
    "пользователь не найден",
    "收件人地址不存在",
    "宛先のメールアドレスが\n存在しません",
    "받는 사람의 메일 주소가 존재하지 않습니다",
    "탈퇴한 회원입니다",
]
NOT_GONE = [
    "552 5.2.2 <ann@inbox.example>: mailbox full",
    "550 5.1.1 user is over quota",
    "메일함 용량이 초과되었습니다",
    "552 5.3.4 message size exceeds fixed limit",
    "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.lists.example",
    "550 5.7.1 no such user, or rejected as spam",
    "스팸 정책에 의해 차단되었습니다",
    "554 5.7.1 <ann@inbox.example>: Relay access denied",
    "550 5.1.8 Sender address rejected: Domain not found",
    "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    "450 4.2.0 <ann@inbox.example>: Recipient address rejected: Greylisted",
    "450 4.1.1 <ann@inbox.example>: Recipient address rejected: User unknown, come again",
    "451 user unknown just now",
    "Name service error for name=inbox.example type=MX: Host not found, try again",
    "550 Unknown user ann@mobile.example (in reply to end of DATA command)",
    "550 5.2.1 this mailbox is temporarily suspended",
    "일시적으로 정지된 계정입니다",
    "connect to mx.inbox.example[192.0.2.25]:25: Connection timed out",
    "I'm not going to try again; this message has been in the queue too long.",
    "5.5.3 protocol error",
    "unable to write this down",
    "the group may not exist, or you may not have permission",
    "4.2.0 recipient rejected",
    "",
]


@pytest.mark.parametrize("said", GONE)
def test_a_mailbox_that_is_not_there_is_told_from_the_words(said):
    assert kind_of("", said) is of_reply(said) is HARD


@pytest.mark.parametrize("said", NOT_GONE)
def test_what_may_go_another_time_ends_nothing(said):
    assert kind_of("", said) is of_reply(said) is SOFT


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.10", "5.2.1", "5.4.310"])
def test_a_code_alone_tells_that_there_is_no_such_mailbox(status):
    assert kind_of(status, "") is HARD


@pytest.mark.parametrize("status", ["5.0.0", "5.2.2", "5.7.1", "5.1.8", "4.4.7", "4.1.1", ""])
def test_any_other_code_alone_does_not(status):
    assert kind_of(status, "") is SOFT


def test_a_code_that_says_nothing_leaves_it_to_the_words():
    assert kind_of("5.0.0", "smtp; 550 unknown user") is HARD
    assert kind_of("5.3.0", "smtp; 550 5.3.0 blocked") is SOFT
    assert kind_of("4.0.0", "DNS look-up of inbox.example: NXDOMAIN") is HARD


def test_what_the_server_said_comes_before_what_the_report_says():
    assert kind_of("5.1.1", "smtp; 554 5.7.1 rejected as spam") is SOFT
    assert kind_of("4.4.7", "smtp; 550 5.1.1 user unknown") is HARD
    assert kind_of("5.1.1", "smtp; 550 5.0.0") is HARD


def test_what_people_are_told_counts_where_the_server_said_nothing():
    assert kind_of("5.0.0", "", "The address couldn't be found: user unknown.") is HARD
    assert kind_of("5.0.0", "552 mailbox full", "If the user is unknown, ask somebody.") is SOFT


def test_what_the_other_server_said_comes_before_the_guess_of_sendmail():
    guess = "550 5.1.1 ann@inbox.example... User unknown"
    assert kind_of("", f"(reason: 553 your SPF check failed)\n{guess}") is SOFT
    assert kind_of("", f"(reason: 553)\n{guess}") is HARD
    assert kind_of("", "(reason: 550 5.1.1 user\n unknown)\n550 blocked") is HARD


def test_the_first_code_that_says_something_is_taken():
    assert status_in("550 5.0.0 and then 5.1.1 and 5.7.1") == "5.1.1"
    assert status_in("550 5.0.0 and no more") == "5.0.0"
    assert status_in("(#5.2.2)") == "5.2.2"
    assert not status_in("250 2.1.5 ok, by version 8.12.5 at 192.0.2.5.1.1")


def test_an_answer_is_explicit_when_it_has_words_or_a_code():
    assert is_explicit("user unknown")
    assert is_explicit("(#5.5.0)")
    assert not is_explicit("Dear editors, thank you.")


@given(st.text(max_size=300), st.text(max_size=10))
def test_every_answer_means_something(said, status):
    assert kind_of(status, said, said) in {HARD, SOFT}


def fates(*days_and_kinds: tuple[int, BounceKind]) -> list[Fate]:
    return [Fate(NOW - timedelta(days=days), kind) for days, kind in days_and_kinds]


def test_three_mails_in_two_weeks_that_all_came_back_end_a_subscription():
    assert run_out(fates((0, SOFT), (7, SOFT), (14, SOFT)))
    assert run_out(fates((0, SOFT), (7, HARD), (14, SOFT), (21, NONE)))


def test_fewer_or_faster_ones_do_not():
    assert not run_out(fates((0, SOFT), (14, SOFT)))
    assert not run_out(fates((0, SOFT), (1, SOFT), (2, SOFT), (13, SOFT)))
    assert not run_out([])
    assert not run_out(fates((0, NONE), (7, NONE)))


def test_one_that_arrived_in_between_begins_the_count_anew():
    assert not run_out(fates((0, SOFT), (7, NONE), (14, SOFT), (21, SOFT)))
    assert not run_out(fates((0, SOFT), (7, BounceKind.AUTO_REPLY), (14, SOFT), (21, SOFT)))


def test_a_bounce_may_be_on_the_way_for_five_days():
    assert run_out(fates((0, NONE), (4, SOFT), (11, SOFT), (18, SOFT)))
    assert not run_out(fates((0, NONE), (6, NONE), (7, SOFT), (14, SOFT), (21, SOFT)))


def test_with_the_time_of_day_known_even_the_newest_is_settled():
    assert not run_out(fates((6, NONE), (7, SOFT), (14, SOFT), (21, SOFT)), NOW)
    assert run_out(fates((6, NONE), (7, SOFT), (14, SOFT), (21, SOFT)))
