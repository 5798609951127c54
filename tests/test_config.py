"""Settings: every problem at once, each with its line, what it is and what is allowed; secrets never shown."""

from pathlib import Path

import pytest

from nkwatch.catalogue.sources import load_sources
from nkwatch.config import load_config, load_secrets
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Source
from nkwatch.keys import new_master_key

GOOD = """
[site]
url = "https://watch.example"
contact = "editors@watch.example"
[mail]
host = "smtp.example"
sender = "digest@watch.example"
"""


def load(tmp_path: Path, text: str):
    path = tmp_path / "nkwatch.toml"
    path.write_text(text, "utf-8")
    return load_config(path)


def problems(tmp_path: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as wrong:
        load(tmp_path, text)
    return wrong.value.problems


def test_the_example_configuration_loads():
    example = Path(__file__).parent.parent / "config.example.toml"
    assert load_config(example).mail.security == "starttls"


def test_paths_start_at_the_folder_of_the_settings(tmp_path):
    config = load(tmp_path, 'database = "sqlite:///kept.db"\ntemplates = "mine"\n' + GOOD)
    assert config.database == f"sqlite:///{tmp_path}/kept.db"
    assert config.templates == tmp_path / "mine"
    assert config.secrets == tmp_path / "nkwatch.secrets.toml"


SIGNED = """
[dkim]
domain = "watch.example"
selector = "k1"
key = "one.pem"
[[dkim.also]]
domain = "{other}"
selector = "k2"
key = "two.pem"
ed25519_selector = "k2e"
ed25519_key = "three.pem"
"""


def test_several_domains_sign_each_with_keys_of_its_own(tmp_path):
    first, other = load(tmp_path, GOOD + SIGNED.format(other="reading.example")).dkim.signing
    assert (first.domain, first.key, first.ed25519_key) == ("watch.example", tmp_path / "one.pem", None)
    assert (other.domain, other.key, other.ed25519_key) == (
        "reading.example", tmp_path / "two.pem", tmp_path / "three.pem"
    )  # fmt: skip
    (said,) = problems(tmp_path, GOOD + SIGNED.format(other="watch.example"))
    assert "one is named twice" in said
    text = SIGNED.format(other="reading.example").replace('ed25519_key = "three.pem"', "")
    (said,) = problems(tmp_path, GOOD + text)
    assert "ed25519_selector and ed25519_key go together" in said


def test_every_problem_is_reported_at_once_with_its_line(tmp_path):
    text = GOOD.replace("editors@watch.example", "editors").replace('host = "smtp.example"', "port = 99999\ncolour = 1")
    said = problems(tmp_path, text)
    assert [s.partition(": ")[0].rpartition("line ")[2] for s in said] == ["4", "5", "6", "7"]
    assert "site.contact" in said[0]
    assert "@-sign" in said[0]
    assert "mail.host" in said[1]
    assert "99999" in said[2]
    assert said[3].endswith("mail.colour: no such setting (it is 1)")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[[source]]\nid = "Big"\nurl = "https://a.example"\npublisher = "A"\n', "source.0.id"),
        ('[[source]]\nid = "a"\nurl = "ftp://a.example"\npublisher = "A"\n', "source.0.url"),
        ('[[source]]\nid = "a"\nurl = "https://a.example"\npublisher = "A"\nzone = "Mars/One"\n', "Asia/Seoul"),
        ('[[source]]\nid = "a"\nurl = "https://a.example"\npublisher = "A"\nminutes = 5\n', "from 30"),
        ("[polling]\nat_once = 0\n", "greater than or equal to 1"),
    ],
)
def test_what_is_not_allowed_is_said(tmp_path, more, said):
    (one,) = problems(tmp_path, GOOD + more)
    assert said in one


def test_a_problem_ends_with_what_the_setting_means(tmp_path):
    missing, wrong = problems(tmp_path, GOOD.replace('sender = "digest@watch.example"', "timeout = 0"))
    assert missing.endswith("mail.sender: Field required. The address that mails come from.")
    assert wrong.endswith("(it is 0). Seconds to wait for an answer of the relay.")
    (within,) = problems(tmp_path, GOOD + "[alerts]\ntrusted = [1]\n")
    assert "alerts.trusted.0: " in within
    assert "Ids of primary sources whose urgent statements go out without an editor." in within


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("prot = 1\n", "mail.prot: no such setting (it is 1); did you mean port?"),
        ("[polling]\nat_onze = 1\n", "polling.at_onze: no such setting (it is 1); did you mean at_once?"),
        ("[poling]\n", "poling: no such setting; did you mean polling?"),
        ('[[source]]\nid = "a"\nurl = "https://a.example"\npublisher = "A"\ncuontry = "KR"\n', "did you mean country?"),
    ],
)
def test_a_setting_that_there_is_not_is_answered_with_one_that_looks_like_it(tmp_path, more, said):
    (one,) = problems(tmp_path, GOOD + more)
    assert one.endswith(said)


def test_the_line_of_the_second_source_is_the_second_sources(tmp_path):
    one = '[[source]]\nid = "a"\nurl = "https://a.example"\npublisher = "A"\n'
    (said,) = problems(tmp_path, GOOD + one + one.replace('"a"', '"B"'))
    assert "line 13:" in said


def test_mail_without_encryption_is_for_this_machine_only(tmp_path):
    plain = GOOD + 'security = "none"\n'
    (said,) = problems(tmp_path, plain)
    assert "starttls" in said
    assert load(tmp_path, plain.replace("smtp.example", "127.0.0.1")).mail.security == "none"


def test_what_is_no_toml_or_not_there_is_said_plainly(tmp_path):
    assert "no TOML" in problems(tmp_path, "[site")[0]
    with pytest.raises(ConfigError, match="nkwatch init"):
        load_config(tmp_path / "missing.toml")


def secrets(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "nkwatch.secrets.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_secrets_that_others_may_read_are_refused(tmp_path):
    path = secrets(tmp_path, f'current = 1\n[keys]\n1 = "{new_master_key()}"\n', 0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_secrets(path)
    path.chmod(0o600)
    assert load_secrets(path).keyring().current == 1


def test_a_credential_that_systemd_gives_is_taken_though_its_mode_shows_a_group(tmp_path, monkeypatch):
    path = secrets(tmp_path, f'current = 1\n[keys]\n1 = "{new_master_key()}"\n', 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "elsewhere"))
    with pytest.raises(ConfigError, match="others may read it"):
        load_secrets(path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert load_secrets(path).current == 1


@pytest.mark.parametrize(
    "text",
    ['current = 1\n[keys]\n1 = "c2hvcnQ="\n', 'current = 2\n[keys]\n1 = "{key}"\n', 'current = 1\n[keys]\n1 = "a"\n'],
)
def test_a_damaged_key_is_said_plainly_and_not_shown(tmp_path, text):
    path = secrets(tmp_path, text.replace("{key}", new_master_key()))
    with pytest.raises(ConfigError, match=r"nkwatch\.secrets\.toml"):
        load_secrets(path).keyring()


@pytest.mark.parametrize("name", ["nkwatch.secrets.toml", "keys-of-ours.toml"])
def test_a_wrong_secret_is_never_shown(tmp_path, name):
    path = secrets(tmp_path, 'current = "TopSecret"\n[keys]\n').rename(tmp_path / name)
    with pytest.raises(ConfigError) as wrong:
        load_secrets(path)
    assert "TopSecret" not in str(wrong.value)


def test_the_address_for_replies_leaves_room_for_a_tag_and_is_not_the_contacts(tmp_path):
    table = '[replies]\nmailbox = "maildir:/var/mail/replies"\naddress = "{}"\n'
    (said,) = problems(tmp_path, GOOD + table.format("a" * 31 + "@example.org"))
    assert "at most 30 letters before the @" in said
    contact = load(tmp_path, GOOD).site.contact
    (said,) = problems(tmp_path, GOOD + table.format(contact))
    assert "must differ" in said


def test_a_proxy_that_is_not_understood_is_told_without_its_password(tmp_path):
    (said,) = problems(tmp_path, GOOD + '[polling]\nproxy = "socks9://me:geheim@127.0.0.1:9050"\n')
    assert "polling.proxy: The proxy is not understood" in said
    assert "geheim" not in said


def test_settings_are_shown_without_the_password_of_the_proxy(tmp_path):
    path = tmp_path / "nkwatch.toml"
    path.write_text(GOOD + '[polling]\nproxy = "socks5h://me:geheim@127.0.0.1:9050"\n')
    config = load_config(path)
    assert "geheim" in config.polling.proxy
    assert config.model_dump()["polling"]["proxy"] == "socks5h://127.0.0.1:9050"


def test_an_operator_switches_sources_by_id_and_adds_their_own():
    own = Source("mine", "https://mine.example/feed", "Mine")
    sources = load_sources([own], disable=["hrw-en"])
    assert sources["mine"] is own
    assert not sources["hrw-en"].enabled
    assert load_sources(enable=["hrw-en"])["hrw-en"].enabled
    with pytest.raises(ConfigError, match="'nosuch'"):
        load_sources(disable=["nosuch"])
