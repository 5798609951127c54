"""Which servers may send for the domain of the return path (SPF, RFC 7208)."""

import re

from nkwatch.domain.posture import Answered, Finding, Looked, Severity, Unreached

ABOUT = "SPF"
#: RFC 7208, 4.6.4: more look-ups than this, and receivers take none of it.
MOST_LOOKUPS = 10
_IS_SPF = re.compile(r"v=spf1( |$)", re.IGNORECASE)
#: The terms that make receivers ask again (RFC 7208, 4.6.4).
_ASKS = re.compile(r"[+?~-]?(include:|a([:/]|$)|mx([:/]|$)|ptr(:|$)|exists:)|redirect=")
_ALL = re.compile(r"([+?~-]?)all")


def spf(domain: str, looked: Looked, relay: str = "") -> list[Finding]:
    """What the records at `domain` say; `relay` is the host that a record would have to name."""
    if isinstance(looked, Unreached):
        return [_finding(Severity.ADVICE, f"{domain} could not be looked up: {looked.reason}", "Try again later.")]
    found = [r.strip() for r in looked.records if _IS_SPF.match(r.strip())] if isinstance(looked, Answered) else []
    if not found:
        return [_missing(domain, relay)]
    if len(found) > 1:
        said = f"{domain} has {len(found)} SPF records, and receivers take none of them"
        return [_finding(Severity.WRONG, said, "Join them into one.", _joined(found))]
    return [_end(domain, found[0]), *_lookups(domain, found[0])]


def _missing(domain: str, relay: str) -> Finding:
    record = f"v=spf1 {f'a:{relay}' if relay else 'a mx'} -all"
    do = f"Publish a TXT record at {domain}; where your relay's provider names an include:, take that instead of a:."
    return _finding(Severity.WRONG, f"{domain} has no SPF record: large providers refuse such mail", do, record)


def _end(domain: str, record: str) -> Finding:
    """What is said of all other servers."""
    terms = record.lower().split()[1:]
    ending = next((m[1] or "+" for t in terms if (m := _ALL.fullmatch(t))), "")
    if ending == "+":
        do = "End it with -all instead."
        return _finding(Severity.WRONG, f"{domain} lets everybody send in its name: {record}", do, _closed(record))
    if ending in {"-", "~"} or any(t.startswith("redirect=") for t in terms):
        return _finding(Severity.FINE, f"{domain}: {record}")
    said = f"{domain} does not say that other servers may not send: {record}"
    return _finding(Severity.ADVICE, said, "End it with -all.", _closed(record))


def _lookups(domain: str, record: str) -> list[Finding]:
    asks = sum(bool(_ASKS.match(term)) for term in record.lower().split()[1:])
    if asks <= MOST_LOOKUPS:
        return []
    said = f"{domain} makes receivers look up {asks} names at least, and more than {MOST_LOOKUPS} make it void"
    return [_finding(Severity.WRONG, said, "Name addresses (ip4:, ip6:) instead of names.")]


def _closed(record: str) -> str:
    kept = [t for t in record.split() if not _ALL.fullmatch(t.lower())]
    return " ".join([*kept, "-all"])


def _joined(records: list[str]) -> str:
    terms = dict.fromkeys(t for r in records for t in r.split()[1:] if not _ALL.fullmatch(t.lower()))
    return " ".join(["v=spf1", *terms, "-all"])


def _finding(severity: Severity, found: str, do: str = "", record: str = "") -> Finding:
    return Finding(ABOUT, severity, found, do, record)
