"""The log never holds an address or a token."""

import json
import logging
from datetime import UTC, datetime

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


@pytest.mark.parametrize("page", ["leave", "confirm", "manage", "settings", "move/old", "move/new"])
def test_no_page_of_a_reader_shows_its_token(page):
    token = Keyring({1: bytes(32)}, 1).token(page.replace("/", "-"), "reader~17", datetime(2026, 11, 22, tzinfo=UTC))
    asked, told = (f"GET https://watch.example/{page}/{part}/pause?lang=ko" for part in (token, "[token]"))
    assert logs.redact(asked) == told
    assert logs.redact(f"a page that is new: /new/{token} or {token}") == "a page that is new: /new/[token] or [token]"


@given(st.emails())
def test_no_valid_address_passes(address):
    assert address not in logs.redact(f"reply: <{address}>, later")
