"""In whose name mails go out, by what the settings say: for what looks at that, and for who checks a mail."""

from base64 import b64decode
from collections.abc import Mapping, Sequence

import idna

from nkwatch.config import Config
from nkwatch.config.mail import LOOPBACK
from nkwatch.domain.posture import Identity, SigningKey
from nkwatch.domain.problems import ConfigError
from nkwatch.mail.dkim_keys import DkimKey, load_keys
from nkwatch.mail.proof import Names, Prover, Workers
from nkwatch.mail.signing import chosen, signs_for

#: How mails name their bulletin; each translation has its own way.
NUMBERED = "No. %(number)s"


def dkim_keys(config: Config) -> tuple[DkimKey, ...]:
    """The keys that we sign with; none where the mail server does. Raises `ConfigError`."""
    found: list[DkimKey] = []
    problems: list[str] = []
    for one in config.dkim.signing if config.dkim else ():
        try:
            found += load_keys(one.domain, one.selector, one.key, one.ed25519_selector, one.ed25519_key)
        except ConfigError as wrong:
            problems += wrong.problems
    if problems:
        raise ConfigError(*problems)
    return tuple(found)


def unsigned(config: Config) -> list[str]:
    """One sentence for each sender whose mails no key of ours proves; none where the mail server signs."""
    signing = [s.domain for s in config.dkim.signing] if config.dkim else []
    own, neutral = map(domain_of, config.senders)
    named = {neutral: "neutral.sender"} | {own: "mail.sender"}
    remedy = "and write what it says into the settings, or leave [dkim] out and let the mail server sign"
    return [
        f"{name}: no key signs mail from {domain}, [dkim] signs for {', '.join(signing)} only:"
        f" run `nkwatch keys dkim --domain {domain}` {remedy}"
        for domain, name in named.items()
        if signing and not any(signs_for(s, domain) for s in signing)
    ]


def identities(config: Config, keys: Sequence[DkimKey]) -> tuple[Identity, ...]:
    """The sender, and the neutral one where it has a domain of its own; each with the keys that sign its mails."""
    host, path = config.mail.host, domain_of(config.return_path)
    public, domains = [_public(key) for key in keys], tuple(key.domain for key in keys)
    relay = "" if host in LOOPBACK else host
    senders = {domain_of(a): a for a in reversed(config.senders)}
    return tuple(
        Identity(address, domain, path, tuple(public[i] for i in chosen(domains, domain)) if keys else (), relay)
        for domain, address in reversed(senders.items())
    )


def senders(config: Config) -> frozenset[str]:
    """The addresses that our mails come from, in small letters."""
    return frozenset(map(str.lower, config.senders))


def message_id_domain(config: Config) -> str:
    """The right-hand side of our Message-IDs."""
    return config.mail.sender.rpartition("@")[2]


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
