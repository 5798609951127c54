"""`nkwatch verify`: only a valid signature of ours makes a mail ours."""

import asyncio
import json
from contextlib import closing

import pytest
from tests.store.conftest import open_stores
from tests.store.people import claim, confirmed, record, send
from tests.story.single import invoke

from nkwatch.cli import verifying
from nkwatch.cli.verifying import Against, looked_at
from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.delivery import Message, Sent
from nkwatch.domain.posture import Answered
from nkwatch.mail.dkim_keys import load_key, new_key, write_key
from nkwatch.mail.signing import DkimSigner

DKIM = '\n[dkim]\ndomain = "watch.example"\nselector = "s1"\nkey = "dkim.pem"\n'
MAIL = """\
From: Watch <{sender}>
To: <reader@inbox.example>
Subject: {subject}
Date: Mon, 03 Nov 2025 07:00:00 +0000
Message-ID: <1@watch.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

text
{lines}
"""


def mail(subject="Seven held", lines="No. 1", sender="digest@watch.example"):
    return MAIL.format(subject=subject, lines=lines, sender=sender).replace("\n", "\r\n").encode()


class Post:
    """An installation that signs, its key, and the id of the content of the one alert that it sent."""

    def __init__(self, installation):
        self.installation, self.folder = installation, installation.folder
        installation.write(port=9, more=DKIM)
        write_key(self.folder / "dkim.pem", new_key("rsa"))
        self.key = load_key("watch.example", "s1", self.folder / "dkim.pem", "rsa")

    async def sent(self):
        with closing(open_stores(f"sqlite:///{self.folder / 'nkwatch.db'}").database) as database:
            database.prepare()
        stores = open_stores(f"sqlite:///{self.folder / 'nkwatch.db'}")
        await send(stores, await confirmed(stores), "Seven held", BulletinKind.ALERT)
        (found,) = await claim(stores)
        await record(stores, [(found.delivery, Sent("250 taken"))])
        stores.database.close()
        return found

    async def signed(self, content):
        [message] = await DkimSigner((self.key,), processes=0).signed(
            [Message("b@watch.example", "r@x.example", content)]
        )
        return message.content

    async def verify(self, raw, *arguments, settings=None, standard=False):
        """Exit code, what was told, what was said."""
        file = self.folder / "mail.eml"
        file.write_bytes(raw)
        path = settings or self.installation.settings
        name = "-" if standard else str(file)
        return await asyncio.to_thread(
            invoke, "verify", verifying.verify, path, name, *arguments, given=raw if standard else b""
        )

    async def told(self, raw, *arguments, code=0, settings=None):
        was, told, said = await self.verify(raw, *arguments, "--json", settings=settings)
        assert was == code, said
        return json.loads(told)


@pytest.fixture
def post(installation):
    return Post(installation)


async def test_a_mail_that_we_signed_is_ours_and_shown_beside_its_bulletin(post):
    found = await post.sent()
    copy = f"https://watch.example/mails/{found.composition_id}"
    told = await post.told(await post.signed(mail(lines=copy)))
    assert (told["verdict"], told["ours"], told["signed_by"]) == ("ours", True, ["watch.example"])
    assert told["bulletin"]["number"] == found.number
    assert told["bulletin"]["copy"] == copy
    assert told["bulletin"]["same_subject"]
    assert told["bulletin"]["fingerprint"] == found.composition.fingerprint


@pytest.mark.parametrize("lines", ["No. {number}", "https://watch.example/mails/{copy}"])
async def test_a_right_number_or_link_is_not_enough_and_what_it_really_was_is_shown(post, lines):
    found = await post.sent()
    lines = lines.format(number=found.number, copy=found.composition_id)
    told = await post.told(mail("Open this", f"{lines}\nhttps://evil.example/x"), code=1)
    assert (told["verdict"], told["ours"]) == ("not ours", False)
    real = told["what_it_really_was"]
    assert real["number"] == found.number
    if "copy" in real:
        assert (real["subject"], real["same_subject"], real["other_links"]) == ("Seven held", False, ["evil.example"])
    else:
        assert real["subjects"] == ["Seven held"]


async def test_a_changed_mail_is_not_ours_any_more(post):
    raw = (await post.signed(mail())).replace(b"Subject: Seven", b"Subject: Eight")
    told = await post.told(raw, code=1)
    assert (told["verdict"], told["ours"]) == ("altered", False)
    assert told["detail"]


async def test_without_a_database_the_signature_counts_all_the_same(bare):
    post = Post(bare)
    raw = await post.signed(mail())
    assert (await post.told(raw))["bulletin"] == "none that is known here"
    assert not list(post.folder.glob("*.db"))
    (post.folder / "nkwatch.db").write_bytes(b"no database " * 100)
    assert "cannot be asked" in (await post.told(raw))["bulletin"]


async def test_people_get_a_table_and_standard_input_is_read(post):
    code, told, _ = await post.verify(await post.signed(mail()), standard=True)
    assert code == 0
    assert told.startswith("mail ours")
    assert "watch.example" in told
    code, told, _ = await post.verify(mail(), standard=True)
    assert (code, told.startswith("mail not ours")) == (1, True)


async def test_without_settings_a_key_may_be_given_and_only_who_signed_is_told(post):
    raw, nowhere = await post.signed(mail(sender="anybody@else.example")), post.folder / "none.toml"
    record_file = post.folder / "record.txt"
    record_file.write_text(post.key.record + "\n")
    given = ("--key", f"s1={record_file}", "--domain", "watch.example")
    told = await post.told(raw, *given, settings=nowhere)
    assert (told["verdict"], told["signed_by"]) == ("signed", ["watch.example"])
    assert "bulletin" not in told
    assert (await post.told(raw, "--domain", "other.example", code=1, settings=nowhere))["verdict"] == "not ours"
    config = await post.told(raw, *given)
    assert (config["verdict"], config["ours"]) == ("signed", True)
    # a reserved name is looked up nowhere: no key, no proof
    assert (await post.told(raw, code=1, settings=nowhere))["verdict"] == "altered"


@pytest.mark.parametrize("arguments", [("--key", "s1"), ("--key", "s1=none.txt", "--domain", "watch.example")])
async def test_a_key_that_cannot_be_read_is_wrong_usage(post, arguments):
    code, told, said = await post.verify(mail(), *arguments, settings=post.folder / "none.toml")
    assert (code, told) == (2, "")
    assert "Traceback" not in said


@pytest.mark.parametrize("raw", [b"", b"\0\xff" * 500, b"hello", b"From: " + b"(" * 50_000])
async def test_anything_else_is_no_mail_of_ours(post, raw):
    code, told, said = await post.verify(raw)
    assert (code, told.startswith("mail not ours")) == (1, True)
    assert "Traceback" not in said


async def test_a_file_that_is_not_there_is_told(post):
    code, _, said = await asyncio.to_thread(
        invoke, "verify", verifying.verify, post.installation.settings, str(post.folder / "none.eml")
    )
    assert (code, "none.eml" in said) == (1, True)


async def test_a_signature_of_whoever_it_may_be_is_no_yes(tmp_path):
    class Names:
        async def txt(self, name):
            return Answered((key.record,))

    write_key(tmp_path / "evil.pem", new_key("rsa"))
    key = load_key("evil.zz", "s1", tmp_path / "evil.pem", "rsa")
    [message] = await DkimSigner((key,), processes=0).signed([Message("b@evil.zz", "r@x.example", mail())])
    told = await looked_at(Against(None, (), {}, ""), message.content, Names())
    assert (told["verdict"], told["ours"], told["signed_by"]) == ("signed", False, ["evil.zz"])
    named = await looked_at(Against(None, (), {}, "evil.zz"), message.content, Names())
    assert (named["verdict"], named["ours"]) == ("signed", True)
