"""The heartbeat's way out: one request to the operator's own address, and everything that can go wrong there."""

import pytest

from nkwatch.domain.problems import ConfigError
from nkwatch.net.knocking import Knock
from tests.edges.test_bell import Hook


def knock(url: str, patience: float = 5.0) -> Knock:
    return Knock("watch.heartbeat_url", "heartbeat's receiver", url, "nkwatch/1 (+https://watch.example)", patience)


async def test_it_asks_once_with_nothing_about_anybody() -> None:
    async with Hook() as hook:
        assert await knock(hook.url).get() == ""
    assert hook.told == [("GET", "/hook?key=1", b"")]


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_anything_but_a_yes_is_told_without_the_address(status: int) -> None:
    async with Hook(status) as hook:
        said = await knock(hook.url).get()
    assert said == f"The heartbeat's receiver at localhost answered {status}."
    assert len(hook.told) == 1, "no redirect is followed"


async def test_one_that_does_not_answer_is_given_up() -> None:
    async with Hook() as hook:
        hook.hanging = True
        said = await knock(hook.url, 0.05).get()
    assert said == "The heartbeat's receiver at localhost did not answer within 0.05 seconds."


async def test_one_that_is_not_there_is_told() -> None:
    said = await knock("http://127.0.0.1:1/ping/secret").get()
    assert said.startswith("The heartbeat's receiver failed:")
    assert "secret" not in said


@pytest.mark.parametrize("address", ["", "hc.example/ping", "ftp://hc.example/", "https://"])
def test_what_is_no_address_is_refused_at_the_start(address: str) -> None:
    with pytest.raises(ConfigError, match="heartbeat_url"):
        knock(address)


def test_where_it_leads_is_known_for_the_doctor() -> None:
    assert knock("https://hc.example/ping/key").place == ("hc.example", 443, True)
    assert knock("http://127.0.0.1:8080/x").place == ("127.0.0.1", 8080, False)
