"""`nkwatch editors` and `nkwatch audit`, as somebody runs them."""

import asyncio
import base64
import json
import re
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

from nkwatch.cli import app
from nkwatch.domain.passkey import Passkey, Session
from nkwatch.keys import Keyring, new_master_key
from nkwatch.store.database import Database
from nkwatch.store.passkeys import PasskeyStore
from nkwatch.store.sessions import SessionStore
from tests.making import NOW
from tests.web.samples import _empty_database

KEY = new_master_key()
SETTINGS = """
[site]
url = "https://watch.example"
contact = "editors@watch.example"
[mail]
host = "127.0.0.1"
port = 9
security = "none"
sender = "digest@watch.example"
[desk]
enabled = true
[[editor]]
name = "Ann"
address = "ann@inbox.example"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "nkwatch.toml").write_text(SETTINGS)
    secrets = tmp_path / "nkwatch.secrets.toml"
    secrets.write_text(f'current = 1\n[keys]\n1 = "{KEY}"\n')
    secrets.chmod(0o600)
    (tmp_path / "nkwatch.db").write_bytes(_empty_database())
    return tmp_path


def run(folder, *words):
    done = CliRunner().invoke(app, ["--config", str(folder / "nkwatch.toml"), *words])
    return done.exit_code, done.stdout, done.stderr


def with_keys(folder, *editors):
    """Give each a key and a session."""

    async def give():
        database = Database(f"sqlite:///{folder}/nkwatch.db")
        keyring = Keyring({1: base64.urlsafe_b64decode(KEY)}, 1)
        keys, sessions = PasskeyStore(database), SessionStore(database, keyring)
        for n, name in enumerate(editors, 1):
            await keys.add(Passkey(name, b"%d" % n, b"p", b"h", f"key {n}", NOW))
            await sessions.begin(f"{n:064x}", Session(name, n, NOW, NOW))
        database.close()

    asyncio.run(give())


def count(folder, table):
    with closing(sqlite3.connect(folder / "nkwatch.db")) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_editors_are_listed_with_their_keys_and_keys_of_who_is_none_any_more(folder):
    with_keys(folder, "Ann", "Ann", "Gone")
    code, said, _ = run(folder, "editors", "list", "--json")
    found = [json.loads(line) for line in said.splitlines()]
    assert code == 0
    assert [(f["name"], f["passkeys"], f["may sign in"]) for f in found] == [("Ann", 2, True), ("gone", 1, False)]


def test_an_invitation_is_a_link_that_stands_in_the_audit_without_its_secret(folder):
    code, said, _ = run(folder, "editors", "invite", "ann", "--json")
    link = json.loads(said)["link"]
    assert code == 0
    assert re.fullmatch(r"http://localhost:8026/desk/enrol/[0-9a-f]{64}", link)
    _, told, _ = run(folder, "audit", "--json")
    (row,) = [json.loads(line) for line in told.splitlines()]
    assert (row["editor"], row["act"], row["thing"]) == ("command line", "invite", "Ann")
    assert link[-64:] not in told


def test_nobody_is_invited_who_is_no_editor(folder):
    code, _, why = run(folder, "editors", "invite", "Ben")
    assert code == 2
    assert "no editor is called 'Ben'; the settings name Ann" in why


def test_an_invitation_that_cannot_be_mailed_says_why(folder):
    code, _, why = run(folder, "editors", "invite", "Ann", "--mail")
    assert code == 1
    assert "no mail to Ann" in why


def test_keys_are_listed_and_taken_away_one_by_one_or_all(folder):
    with_keys(folder, "Ann", "Ann", "Ann")
    code, said, _ = run(folder, "editors", "passkeys", "ANN", "--json")
    assert [json.loads(line)["passkey"] for line in said.splitlines()] == [1, 2, 3]
    assert run(folder, "editors", "revoke", "Ann", "--passkey", "2")[0] == 0
    assert (count(folder, "passkey"), count(folder, "desk_session")) == (2, 2)
    assert run(folder, "editors", "revoke", "Ann")[0] == 0
    assert (count(folder, "passkey"), count(folder, "desk_session"), count(folder, "audit")) == (0, 0, 2)
    code, _, why = run(folder, "editors", "revoke", "Ann")
    assert (code, "no such passkey" in why) == (1, True)
    assert "has no passkey" in run(folder, "editors", "passkeys", "Ann")[1]


def test_the_audit_is_looked_through(folder):
    assert "nothing was done" in run(folder, "audit")[1]
    for _ in range(3):
        run(folder, "editors", "invite", "Ann")
    code, said, _ = run(folder, "audit", "--verify", "--json")
    told = json.loads(said)
    assert (code, told["rows"], told["whole"], told["problems"]) == (0, 3, True, [])
    with closing(sqlite3.connect(folder / "nkwatch.db")) as connection, connection:
        connection.execute("UPDATE audit SET thing = 'Ben' WHERE number = 2")
    code, said, why = run(folder, "audit", "--verify")
    assert code == 1
    assert "row 2 is not as it was written" in why
    assert "whole: no" in said
