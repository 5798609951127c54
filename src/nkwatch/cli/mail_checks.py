"""What `nkwatch doctor` looks at outside: relays, without sending anything, and the DNS."""

from collections.abc import Iterator

from nkwatch.assembly.standing import domain_of, identities
from nkwatch.cli.checks import ADVICE, FINE, WRONG, Patient
from nkwatch.config.mail import LOOPBACK
from nkwatch.domain.posture import Absent, Answered, Finding, Unreached, is_reserved
from nkwatch.mail.probe import Probed, RelayAt, probe
from nkwatch.net.dns import Dns
from nkwatch.workflow.posture import looked_at

#: The largest mail that we may send, with room (octets).
LARGEST = 1_000_000
#: Seconds for each answer of a relay.
PATIENCE = 10.0


def relays_of(patient: Patient) -> list[RelayAt]:
    """The relays in the order in which they are tried."""
    mail, secrets = patient.config.mail, patient.secrets
    passwords = secrets.relays if secrets else {}
    first = RelayAt(mail.host, mail.port, mail.security, mail.username, secrets.mail_password if secrets else "")
    others = [RelayAt(r.host, r.port, r.security, r.username, passwords.get(r.host, "")) for r in mail.fallback]
    return [first, *others] if mail.host else others


async def relays(patient: Patient) -> list[Finding]:
    """Each relay: whether it lets us in, and what it can."""
    mail = patient.config.mail
    if mail.to:
        return [Finding("relay", ADVICE, f"mail goes to {mail.to}, and to nobody's mailbox", "Unset mail.to to mail.")]
    hello, patience = domain_of(mail.sender), min(mail.timeout, PATIENCE)
    return [f for r in relays_of(patient) for f in _relay(r, await probe(r, hello=hello, patience=patience))]


def _relay(relay: RelayAt, probed: Probed) -> Iterator[Finding]:
    name = f"{relay.host}:{relay.port}"
    if probed.trouble:
        do = "Check host, port, security, user and password in [mail] and the secrets file."
        yield Finding("relay", WRONG, f"{name}: {probed.trouble}", do)
        return
    how = probed.tls or "not encrypted"
    login = ", logged in" if probed.logged_in else ""
    able = ", ".join(e.upper() for e in probed.extensions) or "no extensions"
    yield Finding("relay", FINE, f"{name}: {how}{login}; {able}")
    if 0 < probed.size < LARGEST:
        said = f"{name} takes mails of {probed.size:,} octets at most"
        yield Finding("relay", WRONG, said, f"Raise its limit to {LARGEST:,}.")
    if "pipelining" not in probed.extensions:
        yield Finding("relay", ADVICE, f"{name} has no PIPELINING: each mail takes four ways instead of one")


class DnsCheck:
    """SPF, DKIM, DMARC; who takes mail for our domains; where the relay's address leads back to."""

    def __init__(self, names: Dns) -> None:
        self._names = names

    async def __call__(self, patient: Patient) -> list[Finding]:
        """Look everything up; nothing of reserved domains."""
        found: list[Finding] = []
        domains: set[str] = set()
        for identity in identities(patient.config, patient.keys):
            if is_reserved(identity.sender):
                found.append(Finding("DNS", FINE, f"{identity.sender} is for tests and examples: not looked up"))
            found += await looked_at(self._names, identity)
            domains |= {identity.sender, identity.return_path}
        for domain in sorted(d for d in domains if not is_reserved(d)):
            found += await self._takes_mail(domain)
        for relay in relays_of(patient):
            found += await self._leads_back(relay.host)
        return found

    async def _takes_mail(self, domain: str) -> list[Finding]:
        """RFC 5321, 5.1: MX, else an address. Some providers refuse mail from a domain that takes none."""
        looked = await self._names.mx(domain)
        if isinstance(looked, Absent):
            looked = await self._names.addresses(domain)
        if isinstance(looked, Unreached):
            return [Finding("MX", ADVICE, f"{domain} could not be looked up: {looked.reason}", "Try again later.")]
        if isinstance(looked, Answered) and looked.records != (".",):
            return [Finding("MX", FINE, f"{domain} takes mail")]
        said = f"{domain} takes no mail: bounces are lost, and some providers refuse mail from there"
        return [Finding("MX", WRONG, said, f"Publish an MX record at {domain}.")]

    async def _leads_back(self, host: str) -> list[Finding]:
        if host in LOOPBACK or is_reserved(host):
            return []
        looked = await self._names.addresses(host)
        if not isinstance(looked, Answered):
            why = looked.reason if isinstance(looked, Unreached) else "no address"
            return [Finding("PTR", ADVICE, f"{host} could not be looked up: {why}", "Check mail.host.")]
        lost = [a for a in looked.records if isinstance(await self._names.pointer(a), Absent)]
        if not lost:
            return [Finding("PTR", FINE, f"the addresses of {host} lead back to a name")]
        said = f"{', '.join(lost)} ({host}) lead back to no name"
        return [
            Finding("PTR", ADVICE, said, "If mail leaves from there, too, set their PTR: large providers ask for it.")
        ]
