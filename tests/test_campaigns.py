"""What compares ledger and mail server sees what is wrong: a campaign that finds nothing must be able to find it."""

from dataclasses import replace

import pytest
from bench.sink import Envelope
from campaigns.comparing import Event, Row, compare, events
from campaigns.relay import FAULTS, Recording

SENT = Row("<1@x>", "r1@readers.example", "sent", 1, offered=False, relay_id="A", reply="250 A")
TAKEN = Event(0, "taken", "A", "<1@x>", "r1@readers.example", "aa")
CONNECTIONS = 10


def wrong(row=SENT, told=(TAKEN,), after=(), **more):
    return compare({row.message_id: row}, told, CONNECTIONS, after, **more).wrong


def test_one_copy_of_what_the_ledger_calls_sent_is_right():
    assert wrong() == []


def test_what_was_sent_and_never_taken_is_lost():
    found = compare({"<1@x>": SENT}, (), CONNECTIONS)
    assert found.lost == 1
    assert found.wrong


@pytest.mark.parametrize(
    "told",
    [
        replace(TAKEN, message_id="<2@x>"),
        replace(TAKEN, recipient="r2@readers.example"),
        replace(TAKEN, name="B"),
        replace(TAKEN, verdict="550"),
    ],
    ids=["unknown to the ledger", "to somebody else", "under another name", "refused"],
)
def test_what_the_ledger_cannot_explain_is_told(told):
    assert wrong(told=(told,))


def test_copies_with_other_octets_are_told():
    marked = {"<1@x>": replace(SENT, state="leased", offered=True)}
    other = replace(TAKEN, epoch=1, digest="bb")
    assert wrong(told=(TAKEN, replace(other, digest="aa")), after=[marked]) == []
    assert wrong(told=(TAKEN, other), after=[marked])


def test_a_second_copy_needs_a_crash_at_which_the_message_was_on_the_line():
    unmarked = {"<1@x>": replace(SENT, state="leased", offered=False)}
    assert wrong(told=(TAKEN, replace(TAKEN, epoch=1)), after=[unmarked])
    assert wrong(told=(TAKEN, TAKEN))
    assert wrong(told=(TAKEN, TAKEN), incidents=1) == []


def test_more_on_the_line_at_a_crash_than_the_law_allows_is_told():
    names = [f"<{n}@x>" for n in range(20)]
    last = {i: replace(SENT, message_id=i, recipient=i) for i in names}
    marked = {i: replace(row, state="leased", offered=True) for i, row in last.items()}
    told = [replace(TAKEN, message_id=i, recipient=i, epoch=e) for i in names for e in (0, 1)]
    assert compare(last, told[:-2], CONNECTIONS, [marked]).extras == [19]
    assert any("20 sent again" in w for w in compare(last, told, CONNECTIONS, [marked]).wrong)


def test_a_row_that_is_not_done_is_told():
    assert wrong(replace(SENT, state="unknown"))
    assert wrong(replace(SENT, state="refused"))
    assert wrong(replace(SENT, state="refused"), (replace(TAKEN, verdict="550"),)) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_strikes_some_and_every_message_of_the_others_is_written_down(fault, tmp_path):
    judge = Recording(tmp_path / "log", fault)
    for number in range(200):
        address = f"r{number}@readers.example".encode()
        if judge.recipient(address).text.startswith(b"2"):
            content = b"Message-ID: <%d@x>\r\n\r\n" % number
            judge.message(Envelope(b"", (address,), content))
    found = events(tmp_path / "log")
    struck = [e for e in found if e.verdict != "taken"]
    assert 5 < len(struck) < 80
    assert len(found) == 200
    assert all(e.message_id != "-" for e in found if e.verdict.startswith("taken"))
