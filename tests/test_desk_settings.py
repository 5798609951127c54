"""`[desk]`: under which address the desk is known, and where it listens."""

import pytest
from pydantic import ValidationError

from nkwatch.config.desk import DeskSettings


@pytest.mark.parametrize(
    ("url", "host", "netloc", "origin"),
    [
        ("http://localhost:8026", "localhost", "localhost:8026", "http://localhost:8026"),
        ("http://localhost:80/", "localhost", "localhost", "http://localhost"),
        ("https://Desk.Example.org", "desk.example.org", "desk.example.org", "https://desk.example.org"),
        ("https://desk.example.org:443", "desk.example.org", "desk.example.org", "https://desk.example.org"),
        ("https://desk.example.org:8443", "desk.example.org", "desk.example.org:8443", "https://desk.example.org:8443"),
        ("http://nkwatch.localhost:1", "nkwatch.localhost", "nkwatch.localhost:1", "http://nkwatch.localhost:1"),
    ],
)
def test_the_address_says_what_browsers_say(url, host, netloc, origin):
    desk = DeskSettings(url=url)
    assert (desk.host, desk.netloc, desk.origin, desk.secure) == (host, netloc, origin, url.startswith("https"))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://desk.example.org", "https only"),
        ("http://127.0.0.1:8026", "not an IP address"),
        ("https://[::1]", "not an IP address"),
        ("https://desk.example.org/desk", "alone"),
        ("https://desk.example.org/?a=b", "alone"),
        ("https://ann@desk.example.org", "alone"),
        ("desk.example.org", "pattern"),
    ],
)
def test_an_address_under_which_passkeys_do_not_work_is_a_problem(url, why):
    with pytest.raises(ValidationError, match=why):
        DeskSettings(url=url)


@pytest.mark.parametrize(
    ("listen", "to_others"),
    [("127.0.0.1", False), ("127.8.9.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("::", True),
     ("192.0.2.7", True), ("desk.example.org", True)],
)  # fmt: skip
def test_what_listens_elsewhere_than_on_this_machine_is_open_to_others(listen, to_others):
    assert DeskSettings(listen=listen).open_to_others is to_others


def test_there_is_no_desk_unless_it_is_switched_on():
    assert not DeskSettings().enabled
    assert not DeskSettings().open_to_others
