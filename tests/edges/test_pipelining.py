"""One round trip a message, over a relay by script that answers, refuses, hangs up, stays silent and talks nonsense."""

import asyncio
from collections import deque

import pytest

from nkwatch.domain.delivery import Deferred, Message, Refused, Sent, Unknown
from nkwatch.mail.letters import Suspects
from nkwatch.mail.smtp import SmtpRelay
from tests.edges.relaying import CUT, DROP, STALL, Bag, RelayByScript, certificate, letter, relaying

ZERO, ONE, TWO = (f"reader{n}@inbox.example" for n in range(3))


async def carried(relay, bag, **settings):
    async with relaying(relay, **settings) as ours:
        return await ours.carry(bag)


def recipients(relay):
    return [rcpt for _, rcpt, _ in relay.accepted]


# ---- what it costs


@pytest.mark.parametrize("count", [1, 2, 7, 40])
async def test_n_messages_over_one_connection_cost_n_round_trips_and_one(count):
    relay = RelayByScript()
    assert await carried(relay, Bag([letter(n, size=36_000) for n in range(count)])) == ""

    assert len(relay.accepted) == count
    # EHLO, the first envelope, one for each message, QUIT
    assert relay.rounds == 1 + 1 + count + 1


async def test_refused_recipients_cost_no_more_than_messages_that_went():
    relay = RelayByScript(script={"rcpt": [None, "550 5.1.1 unknown", "550 5.1.1 unknown", None]})
    bag = Bag([letter(n) for n in range(4)])
    await carried(relay, bag)

    assert bag.kinds == ["Sent", "Refused", "Refused", "Sent"]
    # the refused ones end together with what stands before the next
    assert relay.rounds == 1 + 1 + 4 + 1


async def test_a_message_over_a_connection_that_lay_idle_costs_two_round_trips():
    relay = RelayByScript()
    async with relaying(relay) as ours:
        await ours.hand_over(letter(0))
        before = relay.rounds
        await ours.hand_over(letter(1))

    assert relay.rounds - before == 2 + 1  # and QUIT
    assert len(relay.sessions) == 1


# ---- what arrives


async def test_each_message_arrives_octet_for_octet_in_its_envelope():
    relay = RelayByScript()
    messages = [letter(n, size=500 * n) for n in range(5)]
    bag = Bag(messages)
    await carried(relay, bag)

    assert [(rcpt, body) for _, rcpt, body in relay.accepted] == [(m.recipient, m.content) for m in messages]
    assert bag.outcomes[ONE] == Sent("250 2.0.0 Ok: queued as Q2X", "Q2X")
    assert relay.names == ["watch.example"]


async def test_each_content_is_offered_right_before_it_goes_and_not_earlier():
    relay = RelayByScript(script={"rcpt": ["550 5.1.1 unknown"]})
    bag = Bag([letter(n) for n in range(3)])
    seen = []

    async def wait(message):
        seen.append((message.recipient, len(relay.accepted)))

    bag.wait = wait
    await carried(relay, bag)

    assert seen == [(ONE, 0), (TWO, 1)]


@pytest.mark.parametrize(
    ("content", "arrives"),
    [
        (b"Subject: a\r\n\r\n.one\r\n..two\r\n", b"Subject: a\r\n\r\n.one\r\n..two\r\n"),
        (b"Subject: a\n\n.\ntext", b"Subject: a\r\n\r\n.\r\ntext\r\n"),
        (b".first\rsecond\r\n", b".first\r\nsecond\r\n"),
    ],
)
async def test_leading_full_stops_and_line_ends_are_brought_in_order(content, arrives):
    relay = RelayByScript()
    await carried(relay, Bag([letter(0, content=content), letter(1)]))

    assert [body for *_, body in relay.accepted] == [arrives, letter(1).content]


async def test_content_that_is_stuffed_already_goes_as_it_is():
    relay = RelayByScript()
    both = [letter(0, content=b"Subject: a\r\n\r\n..dot\r\n", stuffed=True), letter(1, content=b"no end", stuffed=True)]
    await carried(relay, Bag(both))

    assert [body for *_, body in relay.accepted] == [b"Subject: a\r\n\r\n.dot\r\n", b"no end\r\n"]


async def test_failures_are_asked_for_with_headers_only_and_never_for_an_empty_sender():
    relay = RelayByScript()
    await carried(relay, Bag([letter(0), letter(1, sender="")]))

    assert [c for c in relay.commands if c[:4] in ("MAIL", "RCPT")] == [
        "MAIL FROM:<bounces@watch.example> RET=HDRS",
        f"RCPT TO:<{ZERO}> NOTIFY=FAILURE",
        "MAIL FROM:<>",
        f"RCPT TO:<{ONE}>",
    ]


async def test_nothing_is_asked_for_that_is_not_offered():
    relay = RelayByScript(announces=("PIPELINING",))
    await carried(relay, Bag([letter(0)]))

    assert relay.commands[1:3] == ["MAIL FROM:<bounces@watch.example>", f"RCPT TO:<{ZERO}>"]


async def test_a_message_larger_than_the_relay_takes_is_refused_without_asking():
    relay = RelayByScript(announces=("PIPELINING", "SIZE 1000"))
    bag = Bag([letter(0), letter(1, size=2000), letter(2)])
    await carried(relay, bag)

    assert bag.kinds == ["Sent", "Refused", "Sent"]
    assert bag.outcomes[ONE].reply.endswith("the relay takes 1000 at most")
    assert recipients(relay) == [ZERO, TWO]


@pytest.mark.parametrize("said", ["SIZE", "SIZE 0", "SIZE many"])
async def test_a_limit_that_is_none_is_none(said):
    relay = RelayByScript(announces=("PIPELINING", said))
    bag = Bag([letter(0, size=200_000)])
    await carried(relay, bag)

    assert bag.kinds == ["Sent"]


@pytest.mark.parametrize("offered", [True, False])
async def test_letters_outside_ascii_need_a_relay_that_takes_them(offered):
    relay = RelayByScript(announces=("PIPELINING", *(["SMTPUTF8"] if offered else [])))
    bag = Bag([letter(0, recipient="독자@테스트.example"), letter(1, recipient="reader@테스트.example")])
    await carried(relay, bag)

    assert bag.kinds == (["Sent", "Sent"] if offered else ["Sent", "Refused"])
    assert "reader@xn--9t4b11yi5a.example" in recipients(relay)
    assert ("MAIL FROM:<bounces@watch.example> SMTPUTF8" in relay.commands) == offered


async def test_a_sender_of_another_domain_is_not_known_by_the_name_of_the_first():
    relay = RelayByScript()
    senders = ["a@watch.example", "b@reading.example", "c@reading.example", "", "d@watch.example"]
    await carried(relay, Bag([letter(n, sender=sender) for n, sender in enumerate(senders)]))

    assert relay.names == ["watch.example", "reading.example", "watch.example"]
    assert len(relay.accepted) == 5


async def test_a_relay_that_wants_no_other_name_loses_the_connection_and_no_message():
    relay = RelayByScript(script={"ehlo": [None, "550 only one name", None]})
    bag = Bag([letter(0), letter(1, sender="b@reading.example")])
    await carried(relay, bag)

    assert bag.kinds == ["Sent", "Sent"]
    assert bag.returned == [ONE]


async def test_a_sender_that_is_no_address_is_our_mistake_and_costs_no_reader_the_delivery():
    relay = RelayByScript()
    bag = Bag([letter(0, sender="a b@watch.example"), letter(1), letter(2, sender="a>\r\nRSET@watch.example")])
    await carried(relay, bag)

    assert bag.outcomes[ZERO] == Deferred("the address of the sender is not valid", line=True)
    assert bag.outcomes[ONE] == Sent("250 2.0.0 Ok: queued as Q1X", "Q1X")
    assert bag.kinds[2] == "Deferred"


async def test_a_large_message_goes_no_faster_than_it_is_read():
    relay = RelayByScript()
    message = letter(0, size=9_500_000)
    bag = Bag([message, letter(1)])
    await carried(relay, bag)

    assert bag.kinds == ["Sent", "Sent"]
    assert relay.accepted[0][2] == message.content


async def test_replies_may_come_in_any_pieces():
    relay = RelayByScript(packets=1, script={"rcpt": ["250-2.1.5 is\r\n250-2.1.5 well\r\n250 2.1.5 known"]})
    bag = Bag([letter(n) for n in range(3)])
    await carried(relay, bag)

    assert bag.kinds == ["Sent"] * 3


# ---- encryption


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("tls") / "both.pem")


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_the_same_over_tls_after_a_login(security, tls):
    serving, trusting = tls
    relay = RelayByScript(tls=serving, password="open sesame")
    messages = [letter(n, size=36_000) for n in range(20)] + [letter(20, size=2_000_000)]
    bag = Bag(messages)
    settings = {"security": security, "context": trusting, "username": "desk", "password": "open sesame"}
    assert await carried(relay, bag, implicit_tls=security == "tls", **settings) == ""

    assert [body for *_, body in relay.accepted] == [m.content for m in messages]
    assert len(relay.sessions) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("end", [CUT, DROP, STALL])
async def test_a_line_that_breaks_under_tls_is_unknown_as_well(security, end, tls):
    serving, trusting = tls
    relay = RelayByScript(tls=serving, script={"end": [None, end]})
    bag = Bag([letter(n) for n in range(4)])
    settings = {"security": security, "context": trusting, "last_timeout": 0.3}
    await carried(relay, bag, implicit_tls=security == "tls", **settings)

    assert bag.kinds == ["Sent", "Unknown", "Sent", "Sent"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_relay_that_nobody_vouches_for_gets_nothing(security, tls):
    relay = RelayByScript(tls=tls[0])
    bag = Bag([letter(0)])
    why = await carried(relay, bag, implicit_tls=security == "tls", security=security)

    assert "certificate" in why.lower()
    assert bag.returned == [ZERO]
    assert not relay.accepted


# ---- refusals


@pytest.mark.parametrize(
    ("stage", "reply", "outcome"),
    [
        ("rcpt", "550 5.1.1 no such user", Refused("550 5.1.1 no such user")),
        ("rcpt", "450 4.2.0 greylisted", Deferred("450 4.2.0 greylisted")),
        ("rcpt", "552 5.2.2 mailbox full", Refused("552 5.2.2 mailbox full")),
        ("rcpt", "552 too many recipients", Deferred("552 too many recipients")),
        ("rcpt", "552 5.5.3 too many recipients", Deferred("552 5.5.3 too many recipients")),
        ("data", "451 4.3.0 later", Deferred("451 4.3.0 later")),
        ("data", "554 5.7.1 no", Refused("554 5.7.1 no")),
        ("end", "452 4.3.1 no room", Deferred("452 4.3.1 no room")),
        ("end", "550 5.7.1 unwanted", Refused("550 5.7.1 unwanted")),
        ("end", "552 5.3.4 too big", Refused("552 5.3.4 too big")),
        ("end", "550-5.7.26 not\r\n550 5.7.26 proven", Refused("550 5.7.26 not 5.7.26 proven")),
    ],
)
async def test_a_refusal_concerns_one_message_and_the_next_go_over_the_same_connection(stage, reply, outcome):
    relay = RelayByScript(script={stage: [None, reply]})
    bag = Bag([letter(n) for n in range(4)])
    assert await carried(relay, bag) == ""

    assert bag.outcomes[ONE] == outcome
    assert recipients(relay) == [ZERO, TWO, "reader3@inbox.example"]
    assert len(relay.sessions) == 1
    assert not bag.returned


@pytest.mark.parametrize("stage", ["rcpt", "data", "end"])
async def test_the_last_message_refused_leaves_the_connection_fit_for_more(stage):
    relay = RelayByScript(script={stage: ["550 5.1.1 no"]})
    async with relaying(relay) as ours:
        assert await ours.hand_over(letter(0)) == Refused("550 5.1.1 no")
        assert isinstance(await ours.hand_over(letter(1)), Sent)

    assert len(relay.sessions) == 1


async def test_a_lone_full_stop_ends_what_was_accepted_for_nobody_and_is_no_acceptance():
    """RFC 2920, 3.1: DATA may be accepted though every RCPT failed."""
    relay = RelayByScript(careless=True, script={"rcpt": ["550 5.1.1 unknown", None, "450 4.2.0 later", None]})
    bag = Bag([letter(n) for n in range(4)])
    await carried(relay, bag)

    assert bag.kinds == ["Refused", "Sent", "Deferred", "Sent"]
    assert relay.empty == 2
    assert [body for *_, body in relay.accepted] == [letter(1).content, letter(3).content]
    assert len(relay.sessions) == 1
    assert relay.rounds == 1 + 1 + 4 + 1


async def test_a_lone_full_stop_is_also_the_last_word():
    relay = RelayByScript(careless=True, script={"rcpt": ["550 5.1.1 unknown"]})
    async with relaying(relay) as ours:
        assert await ours.hand_over(letter(0)) == Refused("550 5.1.1 unknown")
        assert isinstance(await ours.hand_over(letter(1)), Sent)

    assert relay.empty == 1
    assert len(relay.sessions) == 1


@pytest.mark.parametrize("reply", ["550 5.7.1 sender not allowed", "451 4.3.0 try later", "530 5.7.0 log in first"])
async def test_a_relay_that_wants_none_of_our_mail_is_as_good_as_not_there(reply):
    relay = RelayByScript(script={"mail": [reply] * 10})
    bag = Bag([letter(n) for n in range(3)])
    assert await carried(relay, bag) == reply

    assert not bag.outcomes
    assert bag.returned == [ZERO]
    assert len(relay.sessions) == 1
    assert "QUIT" in relay.commands


async def test_a_sender_refused_again_and_again_does_not_stand_before_the_others_for_ever():
    relay = RelayByScript(script={"mail": ["550 5.7.1 sender not allowed"] * 2})
    bag = Bag([letter(n) for n in range(3)])
    async with relaying(relay) as ours:
        assert await ours.carry(bag) == "550 5.7.1 sender not allowed"
        assert await ours.carry(bag) == "550 5.7.1 sender not allowed"
        assert bag.outcomes == {ZERO: Deferred("550 5.7.1 sender not allowed", line=True)}
        assert await ours.carry(bag) == ""

    assert recipients(relay) == [ONE, TWO]


@pytest.mark.parametrize("reply", ["550 5.7.1 enough", "452 4.3.1 no room"])
async def test_a_sender_refused_after_others_is_tried_over_a_new_connection(reply):
    relay = RelayByScript(script={"mail": [None, reply]})
    bag = Bag([letter(n) for n in range(3)])
    assert await carried(relay, bag) == ""

    assert bag.kinds == ["Sent"] * 3
    assert bag.returned == [ONE]
    assert len(relay.sessions) == 2


async def test_a_relay_that_takes_data_without_a_sender_gets_no_full_stop():
    """It might send an empty mail."""
    relay = RelayByScript(careless=True, script={"mail": ["550 5.7.1 no"]})
    bag = Bag([letter(0)])
    assert await carried(relay, bag) == "550 5.7.1 no"

    assert relay.empty == 0
    assert not relay.accepted


async def test_a_relay_that_hangs_up_after_it_refused_our_sender_has_refused_it():
    relay = RelayByScript(script={"mail": ["550 5.7.1 no"]}, extra={"mail": ["hm?"]})
    bag = Bag([letter(0)])

    assert await carried(relay, bag) == "550 5.7.1 no"


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("farewell", [STALL, DROP])
async def test_a_relay_that_does_not_say_goodbye_is_left_all_the_same(pipelining, farewell):
    announces = ("PIPELINING",) if pipelining else ()
    relay = RelayByScript(announces=announces, script={"mail": ["550 5.7.1 no"], "quit": [farewell]})

    assert await carried(relay, Bag([letter(0)]), timeout=0.5) == "550 5.7.1 no"


async def test_a_line_that_breaks_right_after_a_refusal_costs_the_next_message_nothing():
    relay = RelayByScript(script={"rcpt": ["550 5.1.1 unknown"]}, extra={"data": ["hm?"]})
    bag = Bag([letter(n) for n in range(3)])
    assert await carried(relay, bag) == ""

    assert bag.kinds == ["Refused", "Sent", "Sent"]
    assert len(relay.sessions) == 2


# ---- 421: the relay is closing, which says nothing about the message


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
async def test_a_relay_that_closes_before_the_content_gets_the_message_again(stage):
    relay = RelayByScript(script={stage: [None, "421 4.3.2 shutting down"]})
    bag = Bag([letter(n) for n in range(4)])
    assert await carried(relay, bag) == ""

    assert bag.kinds == ["Sent"] * 4
    assert bag.returned == [ONE]
    assert len(relay.sessions) == 2


async def test_a_relay_that_closes_after_the_content_has_not_taken_it():
    relay = RelayByScript(script={"end": [None, "421 4.3.2 shutting down"]})
    bag = Bag([letter(n) for n in range(4)])
    assert await carried(relay, bag) == ""

    assert bag.outcomes[ONE] == Deferred("421 4.3.2 shutting down", line=True)
    assert bag.kinds == ["Sent", "Deferred", "Sent", "Sent"]
    assert bag.returned == [TWO]  # its envelope was under way


async def test_a_recipient_refused_stays_refused_when_the_relay_then_closes():
    relay = RelayByScript(careless=True, script={"rcpt": ["550 5.1.1 no"], "data": ["421 4.3.2 shutting down"]})
    bag = Bag([letter(0), letter(1)])
    assert await carried(relay, bag) == ""

    assert bag.kinds == ["Refused", "Sent"]
    assert not bag.returned


async def test_a_relay_that_closes_each_connection_is_given_up():
    relay = RelayByScript(script={"rcpt": ["421 4.3.2 shutting down"] * 50})
    bag = Bag([letter(n) for n in range(10)])
    assert await carried(relay, bag) == "421 4.3.2 shutting down"

    assert len(relay.sessions) == 3
    assert bag.outcomes == {ZERO: Deferred("421 4.3.2 shutting down", line=True)}


async def test_a_message_that_the_relay_hangs_up_on_each_time_does_not_stop_the_others():
    relay = RelayByScript(about={(ONE, "rcpt"): "421 4.7.0 not this one"})
    bag = Bag([letter(n) for n in range(4)])
    assert await carried(relay, bag) == ""

    assert bag.kinds == ["Sent", "Deferred", "Sent", "Sent"]
    assert bag.outcomes[ONE] == Deferred("421 4.7.0 not this one", line=True)
    assert bag.returned.count(ONE) == 1


# ---- the line breaks


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
async def test_a_line_that_breaks_before_the_content_gives_the_message_back(stage):
    relay = RelayByScript(script={stage: [None, DROP]})
    bag = Bag([letter(n) for n in range(4)])
    assert await carried(relay, bag) == ""

    assert bag.kinds == ["Sent"] * 4
    assert bag.returned.count(ONE) == 1
    assert recipients(relay).count(ONE) == 1


@pytest.mark.parametrize("end", [CUT, DROP])
async def test_a_line_that_breaks_after_the_content_leaves_the_outcome_unknown(end):
    relay = RelayByScript(script={"end": [None, end]})
    bag = Bag([letter(n) for n in range(4)])
    assert await carried(relay, bag) == ""

    assert bag.kinds == ["Sent", "Unknown", "Sent", "Sent"]
    assert bag.outcomes[ONE].reply.startswith("connection lost after the message: ")
    assert bag.returned == [TWO]  # its envelope was under way, its content was not


async def test_a_line_that_breaks_in_the_middle_of_the_content_leaves_it_unknown_too():
    relay = RelayByScript(script={"middle": [DROP]})
    bag = Bag([letter(0, size=3_000_000), letter(1)])
    assert await carried(relay, bag) == ""

    assert bag.kinds == ["Unknown", "Sent"]
    assert recipients(relay) == [ONE]


async def test_a_relay_that_never_tells_what_it_did_is_given_up_after_three():
    relay = RelayByScript(script={"end": [CUT] * 20})
    bag = Bag([letter(n) for n in range(10)])
    assert await carried(relay, bag)

    assert bag.kinds == ["Unknown"] * 3


@pytest.mark.parametrize("reply", ["552 5.3.4 too big", "421 4.3.2 shutting down"])
async def test_a_relay_that_refuses_in_the_middle_of_the_content_has_refused(reply):
    relay = RelayByScript(script={"middle": [reply]})
    bag = Bag([letter(0, size=5_000_000), letter(1)])
    await carried(relay, bag)

    assert bag.outcomes[ZERO] == (Refused(reply) if reply.startswith("5") else Deferred(reply, line=True))
    assert bag.kinds[1] == "Sent"
    assert len(relay.sessions) == 2


async def test_a_relay_that_accepts_in_the_middle_of_the_content_is_not_believed():
    relay = RelayByScript(script={"middle": ["250 2.0.0 Ok, enough"]})
    bag = Bag([letter(0, size=5_000_000), letter(1)])
    await carried(relay, bag)

    assert bag.kinds == ["Unknown", "Sent"]
    assert recipients(relay) == [ONE]


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
async def test_a_relay_that_stops_answering_before_the_content_is_left_after_the_time_allowed(stage):
    relay = RelayByScript(script={stage: [None, STALL]})
    bag = Bag([letter(n) for n in range(3)])
    assert await carried(relay, bag, timeout=0.5) == ""

    assert bag.kinds == ["Sent"] * 3
    assert bag.returned.count(ONE) == 1


async def test_a_relay_that_stops_answering_after_the_content_has_its_own_time():
    relay = RelayByScript(script={"end": [None, STALL]})
    bag = Bag([letter(n) for n in range(3)])
    assert await carried(relay, bag, last_timeout=0.2) == ""

    assert bag.outcomes[ONE] == Unknown(
        "connection lost after the message: the relay did not answer within 0.2 seconds"
    )
    assert bag.kinds == ["Sent", "Unknown", "Sent"]


async def test_a_relay_that_stops_reading_is_left_after_the_time_allowed():
    relay = RelayByScript(script={"middle": [STALL]})

    async with relaying(relay, timeout=0.3, last_timeout=0.3) as ours:
        bag = Bag([letter(0, size=20_000_000 // 4)])

        async def wait(_message):
            relay.sessions[-1].transport.pause_reading()

        bag.wait = wait
        await ours.carry(bag)

    assert bag.kinds == ["Unknown"]


@pytest.mark.parametrize("more", ["250 2.0.0 Ok, and once more", "250-a\r\n250 b"])
async def test_more_answers_than_questions_break_the_line_and_none_of_them_is_believed(more):
    relay = RelayByScript(extra={"end": [None, more]})
    bag = Bag([letter(n) for n in range(2)])
    assert await carried(relay, bag) == ""

    assert bag.kinds == ["Sent", "Unknown"]


@pytest.mark.parametrize(
    "nonsense", ["421 4.4.2 and goodbye", "hello?", "99 bottles", "2500 Ok", "250-2.0.0 one\r\n550 5.0.0 two", "é"]
)
async def test_a_goodbye_or_what_is_no_answer_breaks_the_line_and_the_answers_before_it_hold(nonsense):
    relay = RelayByScript(extra={"end": [None, nonsense]})
    bag = Bag([letter(n) for n in range(4)])
    assert await carried(relay, bag) == ""

    assert bag.kinds == ["Sent"] * 4
    assert len(relay.accepted) == 4
    assert len(relay.sessions) == 2


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("mail", "354 go"),
        ("mail", "what?"),
        ("rcpt", "354 go"),
        ("rcpt", "250_Ok"),
        ("data", "250 Ok"),
        ("data", "355 go"),
        ("data", "0"),
        ("end", "354 go"),
        ("end", "maybe"),
        ("rset", "550 never"),
    ],
)
async def test_an_answer_that_does_not_belong_there_breaks_the_line(stage, reply):
    script = {stage: [None, reply] if stage != "rset" else [reply]}
    if stage == "rset":
        script["rcpt"] = [None, "550 5.1.1 unknown"]
    relay = RelayByScript(script=script)
    bag = Bag([letter(n) for n in range(3)])
    assert await carried(relay, bag) == ""

    assert bag.kinds == ["Sent", {"end": "Unknown", "rset": "Refused"}.get(stage, "Sent"), "Sent"]
    assert len(relay.sessions) == (1 if stage == "rset" else 2)


@pytest.mark.parametrize("answer", ["250-" + "a" * 50_000, "250-\r\n" * 50_000 + "250-"])
async def test_an_answer_without_end_breaks_the_line(answer):
    relay = RelayByScript(script={"rcpt": [answer]})
    bag = Bag([letter(0)])
    assert await carried(relay, bag) == ""

    assert bag.returned == [ZERO]
    assert bag.kinds == ["Sent"]


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_relay_that_hangs_up_while_the_permit_is_waited_for_was_sent_nothing(pipelining):
    relay = RelayByScript(announces=("PIPELINING",) if pipelining else ())
    bag = Bag([letter(0)])

    async def wait(_message):
        if len(relay.sessions) == 1:
            relay.sessions[-1].transport.abort()
            for _ in range(5):
                await asyncio.sleep(0)

    bag.wait = wait
    await carried(relay, bag)

    assert bag.returned == [ZERO]
    assert bag.kinds == ["Sent"]


# ---- the pool


async def test_a_connection_that_was_hung_up_on_while_idle_is_replaced():
    relay = RelayByScript()
    async with relaying(relay) as ours:
        await ours.hand_over(letter(0))
        relay.sessions[0].transport.abort()
        await asyncio.sleep(0.01)
        assert isinstance(await ours.hand_over(letter(1)), Sent)

    assert len(relay.sessions) == 2


@pytest.mark.parametrize("farewell", ["421 4.4.2 idle for too long", DROP])
async def test_a_connection_found_dead_says_nothing_of_the_message_and_takes_the_other_idle_ones_with_it(farewell):
    relay = RelayByScript()
    async with relaying(relay, connections=3) as ours:
        bags = [Bag([letter(n)]) for n in range(3)]
        await asyncio.gather(*(ours.carry(bag) for bag in bags))
        assert len(relay.sessions) == 3
        relay.script["mail"] = deque([farewell])
        bag = Bag([letter(4)])
        assert await ours.carry(bag) == ""

    assert bag.kinds == ["Sent"]
    assert bag.returned == ["reader4@inbox.example"]
    assert len(relay.sessions) == 4


async def test_no_more_connections_are_open_than_allowed():
    relay = RelayByScript()
    bags = [Bag([letter(100 * k + n) for n in range(20)]) for k in range(6)]
    async with relaying(relay, connections=2) as ours:
        assert ours.connections == 2
        await asyncio.gather(*(ours.carry(bag) for bag in bags))

    assert len(relay.accepted) == 120
    assert len(relay.sessions) == 2


async def test_who_waits_for_a_connection_gets_it_after_the_message_under_way():
    relay = RelayByScript()
    bulk = Bag([letter(n) for n in range(50)])
    async with relaying(relay, connections=1) as ours:
        carrying = asyncio.create_task(ours.carry(bulk))
        while len(relay.accepted) < 3:
            await asyncio.sleep(0)
        assert isinstance(await ours.hand_over(letter(99)), Sent)
        between = len(relay.accepted)
        await carrying

    assert between < 10
    assert len(relay.accepted) == 51
    assert len(relay.sessions) == 1


async def test_a_hand_over_that_is_cancelled_accounts_for_each_message():
    relay = RelayByScript(script={"end": [STALL]})
    bag = Bag([letter(n) for n in range(3)])
    async with relaying(relay) as ours:
        task = asyncio.create_task(ours.carry(bag))
        while not (relay.sessions and relay.sessions[0].silent):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert bag.outcomes == {ZERO: Unknown("connection lost after the message: the hand-over was stopped")}
        assert bag.returned == [ONE]
        assert await ours.carry(bag) == ""

    assert bag.kinds == ["Unknown", "Sent", "Sent"]


async def test_a_hand_over_cancelled_while_it_waits_for_a_connection_gives_the_message_back():
    relay = RelayByScript(script={"end": [STALL]})
    async with relaying(relay, connections=1) as ours:
        first = asyncio.create_task(ours.hand_over(letter(0)))
        await asyncio.sleep(0)
        bag = Bag([letter(1)])
        second = asyncio.create_task(ours.carry(bag))
        await asyncio.sleep(0)
        for task in (second, first):
            task.cancel()
        await asyncio.gather(first, second, return_exceptions=True)

    assert bag.returned == [ONE]


@pytest.mark.parametrize("problem", [RuntimeError, OSError])
@pytest.mark.parametrize("pipelining", [True, False])
async def test_what_fails_in_our_own_house_is_told_and_the_message_given_back(pipelining, problem):
    relay = RelayByScript(announces=("PIPELINING",) if pipelining else ())
    bag = Bag([letter(0), letter(1)])

    async def wait(_message):
        raise problem("the disk is full")

    bag.wait = wait
    with pytest.raises(problem, match="disk"):
        await carried(relay, bag)

    assert bag.returned == [ZERO]
    assert not relay.accepted


async def test_a_relay_that_is_not_there_is_told_in_a_sentence_and_nothing_is_lost():
    relay = RelayByScript()
    async with relaying(relay) as ours:
        pass
    gone = SmtpRelay(host="127.0.0.1", port=ours._port, security="none", timeout=2)
    bag = Bag([letter(0), letter(1)])

    assert "nobody listens there" in await gone.carry(bag)
    assert bag.returned == [ZERO]
    assert not bag.outcomes
    await gone.close()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ({"greeting": ["554 5.3.2 not today"]}, "554 5.3.2 not today"),
        ({"greeting": [DROP]}, "Error connecting"),
        ({"ehlo": ["421 4.3.2 shutting down"]}, "421 4.3.2 shutting down"),
    ],
)
async def test_a_relay_that_does_not_let_us_in_is_told_in_a_sentence(script, why):
    bag = Bag([letter(0)])
    assert (await carried(RelayByScript(script=script), bag)).startswith(why)

    assert bag.returned == [ZERO]


async def test_a_relay_that_knows_no_ehlo_is_served_the_careful_way():
    relay = RelayByScript(script={"ehlo": ["500 5.5.2 what?"]})
    bag = Bag([letter(0)])
    why = await carried(relay, bag)

    assert why.startswith("500")  # nor HELO
    assert bag.returned == [ZERO]


async def test_a_name_that_is_none_is_told_in_a_sentence():
    relay = SmtpRelay(host="x" * 70, port=25, timeout=2)
    outcome = await relay.hand_over(letter(0))

    assert isinstance(outcome, Deferred)
    assert outcome.line


async def test_no_address_is_in_what_is_told_of_a_relay():
    relay = RelayByScript(script={"mail": ["550 5.7.1 bounces@watch.example may not write to reader0@inbox.example"]})
    why = await carried(relay, Bag([letter(0)]))

    assert why.startswith("550 5.7.1")
    assert "@" not in why


async def test_no_address_is_kept_of_an_answer():
    relay = RelayByScript(script={"end": ["250 2.0.0 <reader0@inbox.example> queued as reader0"]})
    bag = Bag([letter(0)])
    await carried(relay, bag)

    assert bag.outcomes[ZERO] == Sent("250 2.0.0 <[address]> queued as [address]")


def test_only_so_many_messages_are_remembered_as_suspect():
    suspects = Suspects()
    assert not any(suspects.again(letter(n)) for n in range(1001))

    assert suspects.again(letter(1))
    assert not suspects.again(letter(0))


def test_a_message_shows_nobodys_address():
    assert "reader" not in repr(Message("", "reader0@inbox.example", b"reader0"))
