"""`nkwatch keys dkim`: keys for each domain that mails come from, and what to publish of them."""

import json
import tomllib

from tests.story.commands import done, refused, run

from nkwatch.assembly.standing import dkim_keys
from nkwatch.config import load_config

NEUTRAL = '\n[neutral]\nsender = "post@reading.example"\n'


async def written(installation, *arguments: str) -> dict:
    """The sections that `keys dkim` says to write into the settings, which are then written there."""
    code, told, said = await run(installation, "keys", "dkim", *arguments)
    assert code == 0, said
    section = said.partition("settings:\n")[2].partition("Publish")[0]
    installation.settings.write_text(installation.settings.read_text() + section)
    keys = dkim_keys(load_config(installation.settings))
    assert [line.partition(". IN TXT")[0] for line in told.splitlines()] == [key.name for key in keys][
        -len(told.splitlines()) :
    ]
    return tomllib.loads(section)


async def test_keys_of_one_domain_are_made_and_shown(installation):
    installation.write(port=9)
    section = (await written(installation, "--selector", "k1"))["dkim"]
    assert section == {
        "domain": "watch.example", "selector": "k1", "key": "dkim-k1.pem",
        "ed25519_selector": "k1e", "ed25519_key": "dkim-k1e.pem",
    }  # fmt: skip
    shown = json.loads(await done(installation, "keys", "dkim", "--show", "--json"))
    assert list(shown) == ["k1._domainkey.watch.example", "k1e._domainkey.watch.example"]
    assert "already there, nothing was written" in await refused(installation, "keys", "dkim", "--selector", "k1")


async def test_each_domain_that_mails_come_from_gets_keys_of_its_own(installation):
    installation.write(port=9, more=NEUTRAL)
    section = (await written(installation))["dkim"]
    (other,) = section["also"]
    assert (section["domain"], other["domain"]) == ("watch.example", "reading.example")
    assert section["selector"].startswith("nk")
    assert not other["selector"].startswith("nk"), "everybody who has the mail sees it"
    keys = dkim_keys(load_config(installation.settings))
    assert len({key.record for key in keys}) == 4
    assert len(json.loads(await done(installation, "keys", "dkim", "--show", "--json"))) == 4


async def test_keys_for_a_domain_that_came_later_are_added_to_those_in_use(installation):
    installation.write(port=9)
    await written(installation, "--selector", "k1")
    installation.settings.write_text(installation.settings.read_text() + NEUTRAL)
    assert "no key signs mail from reading.example" in await refused(installation, "subscribers", "list", code=2)
    section = (await written(installation, "--domain", "reading.example", "--selector", "k1"))["dkim"]
    assert [d["domain"] for d in section["also"]] == ["reading.example"]
    assert "no subscribers" in await done(installation, "subscribers", "list")


async def test_keys_are_made_only_for_domains_that_mails_come_from(installation):
    installation.write(port=9, more=NEUTRAL)
    said = await refused(installation, "keys", "dkim", "--domain", "../other.example", code=2)
    assert said == "no mails come from ../other.example, only from watch.example, reading.example"
    assert "no keys are in use" in await refused(installation, "keys", "dkim", "--show")
    assert "domain" in (await written(installation, "--domain", "reading.example"))["dkim"]
    assert "no key signs mail from watch.example" in await refused(installation, "subscribers", "list", code=2)


async def test_new_keys_replace_those_of_every_domain_in_use(installation):
    installation.write(port=9, more=NEUTRAL)
    await written(installation, "--selector", "k1")
    code, told, said = await run(installation, "keys", "dkim", "--selector", "k2", "--json")
    assert (code, len(json.loads(told))) == (0, 4)
    assert 'domain = "reading.example"' in said
