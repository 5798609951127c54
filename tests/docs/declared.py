"""What a page cannot be taken at its word for: what stands for its examples, what is not run here, and why."""

import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from nkwatch.catalogue.themes import load_lexicon
from nkwatch.cli.choices import Menu
from nkwatch.cli.tags import load_tags
from nkwatch.config import SourceSettings
from nkwatch.mail.dkim_keys import new_key, write_key
from tests.docs.sample import Sample
from tests.docs.settings import put

#: What runs `nkwatch`.
OURS = ("nkwatch", "nkw")
#: Commands that last, or take long: their arguments are looked at, and these tests run them.
LASTING = {
    "nkwatch run": "tests/story/test_daemon.py::test_it_stops_within_ten_seconds_and_a_restart_polls_nothing_early",
    "nkwatch learn": "tests/story/test_corpus_commands.py::test_what_operators_correct_moves_the_weights_that_learn_writes",
    "nkwatch demo": "tests/story/test_demo.py::test_the_demo_polls_reads_groups_alerts_and_digests",
}
#: Commands that take minutes to hours: their arguments are looked at, and these tests run the parts.
PARSED = {
    "python -m bench": "tests/test_bench.py",
    "python -m campaigns": "tests/test_campaigns.py",
    "python -m campaigns.feedparser_suite": "tests/test_campaigns.py",
}


#: What is run as it stands.
SHELL = ("cp", "mkdir")
#: Pages that begin without an installation; the settings that they show are written when their turn comes.
EMPTY = ("docs/tutorial.md",)


class Standin(NamedTuple):
    """Words of a page, what they are in the sample installation, and with which others in a command they mean that."""

    said: str
    instead: str
    where: str


#: A move is the same whatever it is between; tests/store/test_moving.py moves between SQLite and PostgreSQL.
MOVED = "sqlite:///moved.db"
#: Of those that fit the first counts; `{name}` is one of `Sample.things`.
STANDINS = (
    Standin("init .", "init fresh", "deploy/README.md: "),
    Standin("init", "init fresh", "README.md: "),
    # editors
    Standin("mfrggzdfmztwq2lk", "{waits}", "alert release"),
    Standin("mfrggzdfmztwq2lk", "{waits_too}", "alert withhold"),
    Standin("mfrggzdfmztwq2lk", "{statement} --yes", "redact statement"),
    Standin("mfrggzdfmztwq2lk", "{deleted}", "statements hide"),
    Standin("mfrggzdfmztwq2lk", "{deleted_too}", "statements keep"),
    Standin("mfrggzdfmztwq2lk", "{sent}", ""),
    Standin("ovxgs5dfmfzxg2lp", "{other}", "story merge"),
    Standin("ovxgs5dfmfzxg2lp", "{joined}", "story split"),
    Standin("12", "{digest}", "digest correct"),
    Standin("border-watch", "sample-border-watch", "nkwatch alert"),
    Standin("border-watch", "sample-border-watch", "nkwatch import"),
    Standin("KEY", "{case}", "case"),
    # readers
    Standin("ID", "{reader}", "subscribers"),
    Standin("128", "{digest}", "subscribers why"),
    Standin("reader@example.org", "gone@readers.example", "subscribers allow"),
    Standin("readers.csv", "readers-listmonk.csv", "--from listmonk"),
    # places
    Standin("/media/stick/nkwatch.secrets.toml", "stick/nkwatch.secrets.toml", "keys"),
    Standin("/mnt/backups", "backups", "db"),
    Standin("/mnt/backups/nkwatch-20261123T020000Z.db.zst", "backups/*", "db"),
    Standin("sqlite:////var/lib/nkwatch/nkwatch.db", "sqlite:///nkwatch.db", "db move"),
    Standin("postgresql://nkwatch@127.0.0.1/nkwatch", MOVED, "db move"),
    # sources
    Standin("https://example.org", "http://{host}/sample-border-watch/", "sources add"),
    Standin("families-example-org", "sample-courier", "sources remove"),
    Standin("hrnk", "sample-courier", "sources check"),
)


#: Parts of words and of settings, and what they are; nobody needs to wait between two requests to the sample site.
PIECES = {"127.0.0.1:8081": "{host}", "allow = [": "pause = 0\nallow = ["}


class Act(NamedTuple):
    """What a reader does by hand: after lines that hold these words, or before the first line of the page of this name."""

    where: str
    does: Callable[[Sample], None]


def _save_the_mail(sample: Sample) -> None:
    Path("back.eml").write_bytes(sample.mailbox.messages[-1])


def _make_a_key(sample: Sample) -> None:
    write_key(Path("dkim-nk1.pem"), new_key("rsa"))
    _sign(sample)


def _sign(_: Sample) -> None:
    put(Path("nkwatch.toml"), '[dkim]\ndomain = "watch.example"\nselector = "nk1"\nkey = "dkim-nk1.pem"\n')


def _name_the_new_database(_: Sample) -> None:
    put(Path("nkwatch.toml"), f'database = "{MOVED}"\n[installation]\ndeparted = "nkwatch.db.departed"\n')


ACTS = (
    Act("docs/how-to/relays-that-rewrite.md", _make_a_key),
    Act("nkwatch keys dkim --selector nk1", _sign),
    Act("nkwatch doctor --roundtrip", _save_the_mail),
    Act("nkwatch db move sqlite", _name_the_new_database),
)


class Answer(NamedTuple):
    """What a line holds that does not end with 0, how it ends, and why that is right."""

    where: str
    code: int
    why: str


ANSWERS = (
    Answer("nkwatch verify suspicious.eml", 1, "it is not signed"),
    Answer("nkwatch editors revoke Ann --passkey 3", 1, "she has none; tests/web/test_desk_commands.py gives her some"),
    Answer("nkwatch redact lift 3", 1, "nobody is redacted; tests/story/test_redact_commands.py redacts somebody"),
    Answer("nkwatch webhooks show", 1, "nobody was called; tests/story/test_webhooks_commands.py calls"),
    Answer("nkwatch webhooks test newsdesk", 1, "the sample site takes no calls"),
)

_SERVER = "would change the machine, not the installation: for the server of who reads the page"
_CI = "`.ci/run` does"
_POSTGRES = "no PostgreSQL runs here; tests/store has one"
_ABSENT = "is not on every machine, and works on files that our commands read and write"
#: Commands that are not run here, by the words with which they begin, and why.
ELSEWHERE = {
    "$EDITOR": "what is edited are the settings of the sample, which are written already",
    "adduser": _SERVER,
    "alias": "`nkw` is taken for `nkwatch`",
    "apt install": _SERVER,
    "base64": _SERVER,
    "cd /etc/nkwatch": _SERVER,
    "cd deploy/container": _SERVER,
    "cd nkwatch": "the checkout is where the tests are",
    "chmod": _SERVER,
    "chown": _SERVER,
    "cp /usr/local/src": _SERVER,
    "createdb": _POSTGRES,
    "createuser": _POSTGRES,
    "dig": "the DNS may not be asked",
    "docker": "no engine is at hand; the container's files are read by tests/deploy",
    "echo": _SERVER,
    "git clone": "no repository may be asked",
    "head": _SERVER,
    "install": _SERVER,
    "journalctl": "systemd is not at hand",
    "jq": _ABSENT,
    "lint-imports": _CI,
    "mkdir -m 0700 secrets": _SERVER,
    "mv": _SERVER,
    "mypy": _CI,
    "pip install": _CI,
    "pytest": _CI,
    "python -m sphinx": "tests/docs/test_building.py does",
    "python docs/reference/generate.py": "tests/test_reference.py does",
    "python3 -m venv": _CI,
    "ruff": _CI,
    "source .venv/bin/activate": "the tests run in it",
    "systemctl": "systemd is not at hand; the units are read by tests/deploy",
}


def _tags(path: Path) -> None:
    load_tags(path, Menu({"en"}, {theme.code for theme in load_lexicon().themes}, ()))


def _themes(path: Path) -> None:
    shipped = (files("nkwatch.catalogue") / "themes.toml").read_text("utf-8")
    load_lexicon(themes=f"{shipped}\n{path.read_text('utf-8')}")


def _source(path: Path) -> None:
    table = {"id": "own", "url": "https://example.org/", "publisher": "Own"}
    SourceSettings.model_validate(table | tomllib.loads(path.read_text("utf-8")))


#: Blocks of TOML that are no settings, by what they hold, and what reads them.
FILES: dict[str, Callable[[Path], object]] = {"[tag.": _tags, "[[theme]]": _themes, "article = ": _source}
#: What the example has only in comments, and pages take for granted.
THERE = '[dkim]\ndomain = "example.org"\nselector = "nk1"\nkey = "dkim-nk1.pem"\n'
#: What only the reader of a page has, and something of its kind.
SECRETS = {"age1...": "age1example"}
