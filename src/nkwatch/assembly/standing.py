"""In whose name mails go out, by what the settings say: for what looks at that, and for who checks a mail."""

from base64 import b64decode
from collections.abc import Mapping, Sequence

import idna

from nkwatch.config import Config
from nkwatch.domain.posture import Identity, SigningKey
from nkwatch.mail.dkim_keys import DkimKey, load_keys
from nkwatch.mail.proof import Names, Prover, Workers

#: How mails name their bulletin; each translation has its own way.
NUMBERED = "No. %(number)s"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def dkim_keys(config: Config) -> tuple[DkimKey, ...]:
    """The keys that we sign with; none where the mail server does. Raises `ConfigError`."""
    dkim = config.dkim
    if dkim is None:
        return ()
    return load_keys(dkim.domain, dkim.selector, dkim.key, dkim.ed25519_selector, dkim.ed25519_key)


def identities(config: Config, keys: Sequence[DkimKey]) -> tuple[Identity, ...]:
    """The sender, and the neutral one where it has a domain of its own."""
    mail = config.mail
    path = domain_of(config.bounces.address if config.bounces else mail.return_path or mail.sender)
    public = tuple(_public(key) for key in keys)
    relay = "" if mail.host in LOOPBACK else mail.host
    senders = {domain_of(a): a for a in (config.neutral.sender or mail.sender, mail.sender)}
    return tuple(Identity(address, domain, path, public, relay) for domain, address in reversed(senders.items()))


def senders(config: Config) -> frozenset[str]:
    """The addresses that our mails come from, in small letters."""
    return frozenset({config.mail.sender.lower(), (config.neutral.sender or config.mail.sender).lower()})


def domain_of(address: str) -> str:
    """The domain of an address, as the DNS knows it."""
    domain = address.rpartition("@")[2].lower()
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()


def _public(key: DkimKey) -> SigningKey:
    shown = b64decode(key.record.rpartition("p=")[2])
    return SigningKey(key.domain, key.selector, key.kind, shown)


def prover(
    config: Config,
    keys: Sequence[DkimKey],
    workers: Workers,
    names: Names,
    translations: Mapping[str, Mapping[str, str]],
) -> Prover:
    """What tells whether a mail is ours."""
    own = {key.name: key.record for key in keys}
    domains = {domain_of(address) for address in senders(config)} | {key.domain for key in keys}
    ways = dict.fromkeys((NUMBERED, *(texts.get(NUMBERED) or NUMBERED for texts in translations.values())))
    return Prover(workers, names, own, frozenset(domains), senders(config), tuple(ways))
