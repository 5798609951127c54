"""The log never holds an address or a token."""

import io
import json
import logging
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from nkwatch import logs
from nkwatch.keys import Keyring


@pytest.fixture
def log():
    yield
    structlog.reset_defaults()
    logging.basicConfig(force=True, handlers=[logging.NullHandler()])


@pytest.mark.parametrize(
    "secret",
    ["reader@example.org", "<reader@example.org>", "rcpt=이름@example.kr", "RCPT TO:<a.b+c@x-y.example> failed"],
)
@pytest.mark.parametrize("json_lines", [True, False])
def test_an_address_is_cut_out_of_every_line(log, capsys, secret, json_lines):
    logs.set_up(json=json_lines)
    logs.notice("refused", why=f"550 {secret} unknown")
    logging.getLogger("aiosmtplib").warning("reply for %s", secret)
    try:
        raise ValueError(secret)
    except ValueError:
        logging.getLogger("apscheduler").exception("job failed for %s", secret)
    written = capsys.readouterr().err
    assert "@" not in written
    assert "[address]" in written
    assert "Traceback" not in written


def test_a_token_is_cut_out_of_addresses_of_pages(log, capsys):
    logs.set_up(json=True)
    logs.record("asked", url="https://watch.example/leave/1.abc.def.TAG-tag_9")
    assert json.loads(capsys.readouterr().err)["url"] == "https://watch.example/leave/[token]"


@pytest.mark.parametrize("json_lines", [True, False])
def test_nothing_from_outside_begins_a_line_of_the_log_or_commands_a_terminal(log, capsys, json_lines):
    spell = "gone\r\n2026-11-22T07:00:00Z [info] all is well \x1b[2J\x1b]0;x\x07\u2028"
    logs.set_up(json=json_lines)
    logs.notice("source failed", why=spell, many=[spell], named={spell: spell})
    logging.getLogger("feeds").warning("bad address: %s", spell)
    try:
        raise ValueError(spell)
    except ValueError:
        logging.getLogger("apscheduler").exception("job failed")
    written = capsys.readouterr().err
    assert written.count("\n") == 3
    assert not {"\x1b", "\x07", "\r"} & set(written)


@pytest.mark.parametrize("page", ["leave", "confirm", "manage", "settings", "move/old", "move/new"])
def test_no_page_of_a_reader_shows_its_token(page):
    token = Keyring({1: bytes(32)}, 1).token(page.replace("/", "-"), "reader~17", datetime(2026, 11, 22, tzinfo=UTC))
    asked, told = (f"GET https://watch.example/{page}/{part}/pause?lang=ko" for part in (token, "[token]"))
    assert logs.redact(asked) == told
    assert logs.redact(f"a page that is new: /new/{token} or {token}") == "a page that is new: /new/[token] or [token]"


@pytest.mark.parametrize("piece", ["a", "a.", "1.1", "/leave/", "a%4"])
def test_a_long_word_costs_no_more_than_its_length(piece):
    # from each of its letters on it was looked through once more for an at sign
    assert len(logs.redact(piece * 200_000)) >= 200_000
    assert logs.redact(piece * 200_000 + "@inbox.example") == "[address]"


@given(st.emails())
def test_no_valid_address_passes(address):
    assert address not in logs.redact(f"reply: <{address}>, later")


HIDDEN = st.emails().flatmap(
    lambda address: st.sampled_from(
        [address, address.replace("@", "%40"), address.replace("@", "＠"), f"<{address}>", address.encode(), [address]]
    )
)
NESTED = st.recursive(
    HIDDEN, lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner))
)


class Strange:
    """A value of a kind that nobody foresaw."""

    def __init__(self, said):
        self.said = said

    def __repr__(self):
        return f"<reply to {self.said}>"


@given(address=st.emails(), value=NESTED)
def test_no_value_of_any_kind_lets_an_address_into_a_record(address, value):
    facts = {
        "event": f"told {address}", "why": value, "wrong": ValueError(address), address: 1, "odd": Strange(address),
        "path": Path("/mail") / address.replace("/", "_"), "deep": [[[[[[address]]]]]], "names": {address: {address}},
    }  # fmt: skip
    told = json.dumps(logs._redacting(None, "info", facts), ensure_ascii=False)
    assert not re.search(r"@|%40|＠", told), told


def test_numbers_and_ids_stay_as_they_are():
    facts = {"story": "0a1b2c3d4e5f", "number": 7, "share": 0.5, "whole": True, "none": None, "ids": ("a", 2)}
    assert logs.redacted(facts) == facts | {"ids": ["a", 2]}


def test_a_json_record_says_when_how_bad_by_whom_and_for_which_part(log, capsys):
    logs.set_up(json=True)
    with logs.about(part="deliver.bulk"):
        logs.notice("mail relay unreachable", why="It timed out.")
    logs.record("collect", new=3)
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert first["event"] == "mail relay unreachable"
    assert (first["level"], first["part"], first["owner"]) == ("warning", "deliver.bulk", logs.owner())
    assert first["timestamp"].endswith("Z")
    assert second["new"] == 3
    assert "part" not in second


def test_a_record_for_people_does_not_name_the_process(log, capsys):
    logs.set_up()
    logs.record("collect", new=3)
    assert logs.owner() not in capsys.readouterr().err


def test_the_last_who_listens_hears_notices_alone_and_the_one_before_again_when_it_has_gone(log, capsys):
    logs.set_up()
    first, second = [], []
    with logs.hearing(lambda event, facts: first.append((event, dict(facts)))):
        logs.notice("one", why="so")
        with logs.hearing(lambda event, _: second.append(event)):
            logs.notice("two")
        logs.notice("three")
    logs.notice("four")
    assert first == [("one", {"why": "so"}), ("three", {})]
    assert second == ["two"]


@pytest.mark.parametrize(
    ("terminal", "environment", "coloured"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_colours_are_for_terminals_that_have_them_and_people_who_want_them(terminal, environment, coloured):
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    assert logs.wants_colours(stream, environment) is coloured
