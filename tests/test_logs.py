"""The log never holds an address or a token."""

import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from nkwatch import logs


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


@given(st.emails())
def test_no_valid_address_passes(address):
    assert address not in logs.redact(f"reply: <{address}>, later")
