"""The relay's own name for a message, out of what it answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.delivery import Sent
from nkwatch.mail.replies import accepted, relay_id, scrubbed


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        ("250 2.0.0 Ok: queued as 4F1D23C0A8", "4F1D23C0A8"),
        ("250 2.0.0 Ok: queued as 3xYz12AbCdz1p", "3xYz12AbCdz1p"),
        ("250 OK id=1abcDE-000Ab1-2F", "1abcDE-000Ab1-2F"),
        ("250 OK id=1rXyZ2-00000001abc-3DeF", "1rXyZ2-00000001abc-3DeF"),
        ("250 2.0.0 4BMMJxvH012345 Message accepted for delivery", "4BMMJxvH012345"),
        ("250 2.0.0 6e3f3b1a Message accepted for delivery", "6e3f3b1a"),
        (
            "250 Ok 0100018c2a3b4c5d-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d-000000",
            "0100018c2a3b4c5d-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d-000000",
        ),
        (
            "250 2.6.0 <17.1@watch.example> [InternalId=123456789, Hostname=MAIL1.example] 12345 bytes in 0.1 Queued mail",
            "123456789",
        ),
        ("250 2.0.0 OK  1700000000 a1-20020abc123si4567.89 - gsmtp", "a1-20020abc123si4567.89"),
        ("250 2.0.0 OK a1-20020abc123si4567.89 - gsmtp", "a1-20020abc123si4567.89"),
        ("250 2.0.0 OK Ab1-cDe+FgHi/JkLmNoPqR - nsmtp", "Ab1-cDe+FgHi/JkLmNoPqR"),
        ("250 Great success", ""),
        ("250 Ok: queued as aBcDeFgHSIqQ_1a2b3c4d", "aBcDeFgHSIqQ_1a2b3c4d"),
        ("250 OK queued as 01234567-89ab-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"),
        ("250 2.0.0 Ok: queued on smtp1.example as 1700000000-abCDefGH", "1700000000-abCDefGH"),
        ("250 Mail OK queued as smtp1,abCD1700000000", "smtp1,abCD1700000000"),
        ("250 2.0.0 OK: queued 2K6C7TNVWUIRJYGY", "2K6C7TNVWUIRJYGY"),
        ("250 Message Queued (1A2B3C4D-0000.1)", "1A2B3C4D-0000.1"),
        ("250 2.0.0 Message queued with id 1a2b3c", "1a2b3c"),
        ("250 ok 1700000000 qp 12345", "1700000000 qp 12345"),
        ("250 SmtpThread-1-1700000000 Received OK [aBcDeF1234.uk7]", "aBcDeF1234.uk7"),
        ("250 2.0.0 OK 12/34-56789-ABCDEF01 98/76-54321-FEDCBA10", "12/34-56789-ABCDEF01 98/76-54321-FEDCBA10"),
        ("250 2.0.0 OK 656a1b2c3d4e5f60718293a4", "656a1b2c3d4e5f60718293a4"),
        ("250 Ok: queued as.", ""),
        ("250 ok", ""),
        ("250 2.0.0 OK", ""),
        ("250 2.6.0 Message received", ""),
        ("250 Message accepted for delivery", ""),
        ("250 2.0.0 Message accepted for delivery", ""),
        ("250 ok dirdel", ""),
        ("250 2.0.0 OK: queued as <202301010101.1234567@relay.example>", ""),
        ("250 OK id=reader%40inbox.example", ""),
        ("250 Ok: queued as " + "A" * 101, ""),
        ("", ""),
        ("stdin", ""),
    ],
)
def test_the_relays_own_name_is_found_where_it_tells_one(reply, name):
    assert relay_id(reply) == name


@given(
    st.text(max_size=120),
    st.sampled_from(["queued as {}", "OK id={}", "ok {} qp 1", "{} Message accepted", "OK {} - gsmtp"]),
)
def test_whatever_a_relay_answers_its_name_for_a_message_is_no_address(text, form):
    name = relay_id("250 2.0.0 " + form.format(text))

    assert len(name) <= 100
    assert "@" not in name
    assert "%40" not in name.lower()
    assert "\n" not in name


def test_what_is_kept_names_no_reader_also_not_in_the_relays_name():
    kept = accepted("250 2.0.0 Ok: queued as kim.minji-17", "kim.minji@inbox.example")

    assert kept == Sent("250 2.0.0 Ok: queued as [address]-17", "")


def test_a_name_far_behind_in_a_long_answer_is_kept_though_the_answer_is_cut():
    kept = accepted(f"250 2.6.0 <{'a' * 300}@x.example> [InternalId=77] Queued mail for delivery", "a@inbox.example")

    assert kept.relay_id == "77"
    assert len(kept.reply) <= 200


def test_a_long_word_costs_no_more_than_its_length():
    assert scrubbed("550 " + "a" * 500_000, "reader@inbox.example").startswith("550 aaa")
    assert scrubbed("550 " + "a" * 500_000 + "@inbox.example", "reader@inbox.example") == "550 [address]"
