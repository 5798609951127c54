"""Questions to the name servers of this machine. What comes of them is a value; nobody else is asked."""

from collections.abc import Sequence

from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.inet import is_address
from dns.name import EmptyLabel, LabelTooLong, NameTooLong
from dns.name import from_text as name_of
from dns.rdata import Rdata
from dns.resolver import NXDOMAIN, LifetimeTimeout, NoAnswer, NoNameservers
from dns.reversename import from_address

from nkwatch.domain.posture import Absent, Answered, Looked, Unreached

#: Seconds that one server may take, and all of them together.
TIMEOUT, LIFETIME = 2.0, 5.0
#: What no server would understand.
_NO_NAME = (EmptyLabel, LabelTooLong, NameTooLong, UnicodeError)


class Dns:
    """Looks records up, by the system's resolver or the one that is given."""

    def __init__(
        self, nameservers: Sequence[str] = (), port: int = 53, *, timeout: float = TIMEOUT, lifetime: float = LIFETIME
    ) -> None:
        """`nameservers` are IP addresses; the system's own without any. `timeout` and `lifetime` are in seconds."""
        self._nameservers = nameservers
        self._port = port
        self._timeout = timeout
        self._lifetime = lifetime
        self._resolver: Resolver | None = None

    async def txt(self, name: str) -> Looked:
        """The texts at a name, each in one piece (RFC 7208, 3.3)."""
        return await self._ask(name, "TXT")

    async def mx(self, name: str) -> Looked:
        """The hosts that take mail for a domain, the preferred first; "." says that none does (RFC 7505)."""
        return await self._ask(name, "MX")

    async def addresses(self, name: str) -> Looked:
        """The IP addresses of a host."""
        if is_address(name):
            return Answered((name,))
        found = [await self._ask(name, kind) for kind in ("A", "AAAA")]
        records = tuple(r for looked in found if isinstance(looked, Answered) for r in looked.records)
        return Answered(records) if records else next((f for f in found if isinstance(f, Unreached)), Absent())

    async def pointer(self, address: str) -> Looked:
        """The names that an IP address leads back to."""
        return await self._ask(from_address(address).to_text(), "PTR")

    async def _ask(self, name: str, kind: str) -> Looked:
        if not (whole := name.rstrip(".")):
            return Absent()
        try:
            asked = name_of(f"{whole}.")
            answer = await self._opened().resolve(asked, kind, search=False)
        except (NXDOMAIN, NoAnswer, *_NO_NAME):
            return Absent()
        except LifetimeTimeout:
            return Unreached("No name server answered in time.")
        except NoNameservers:
            return Unreached("The name servers could not answer.")
        except (DNSException, OSError) as error:
            return Unreached(f"The name servers cannot be asked ({type(error).__name__}).")
        return Answered(tuple(_shown(record) for record in sorted(answer, key=_preference)))

    def _opened(self) -> Resolver:
        """Made with the first question: a machine without a resolver has no DNS, and works otherwise."""
        if self._resolver is None:
            resolver = Resolver(configure=not self._nameservers)
            if self._nameservers:
                resolver.nameservers = list(self._nameservers)
            resolver.port = self._port
            resolver.timeout, resolver.lifetime = self._timeout, self._lifetime
            self._resolver = resolver
        return self._resolver


def _preference(record: Rdata) -> int:
    return int(getattr(record, "preference", 0))


def _shown(record: Rdata) -> str:
    """A record as text."""
    if strings := getattr(record, "strings", None):
        return b"".join(strings).decode("utf-8", "replace")
    name = getattr(record, "exchange", None) or getattr(record, "target", None)
    return (name.to_text(omit_final_dot=True) or ".") if name else record.to_text()
