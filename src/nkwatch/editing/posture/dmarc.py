"""What receivers are to do with mail that is not proved to be ours (DMARC, RFC 9989; before it RFC 7489)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nkwatch.domain.posture import Answers, Finding, Identity, Severity, Unreached
from nkwatch.editing.posture.records import answered, tags_of

ABOUT = "DMARC"
PLACE = "_dmarc."
#: RFC 9989, 4.10: after the name itself, at most so many labels of it.
LONGEST_WALK = 7
STRICT = "s"
_POLICIES = ("none", "quarantine", "reject")
#: RFC 9989 knows them no longer; receivers that follow RFC 7489 still do.
_GONE = ("pct", "rf", "ri")
_WEAK = "none"


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy that holds for a domain: published where, by which tag (p, sp)."""

    at: str
    tag: str
    value: str
    tags: Mapping[str, str]

    @property
    def weakness(self) -> str:
        """Why it keeps nobody from writing in our name; empty where it does."""
        place = f"{PLACE}{self.at}"
        if self.value == _WEAK:
            said = self.tags.get(self.tag, "")
            return f"{place} says {self.tag}={said}" if said else f"{place} names no policy"
        if self.tags.get("t", "n").lower() == "y":
            return f"{place} says t=y (testing)"
        return f"{place} says pct=0" if self.tags.get("pct") == "0" else ""


def walk(domain: str) -> tuple[str, ...]:
    """The domains at which a policy is looked for, the nearest first (the "tree walk" of RFC 9989, 4.10)."""
    rest = domain.split(".")[1:][-LONGEST_WALK:]
    return (domain, *(".".join(rest[n:]) for n in range(len(rest))))


def organization(domain: str, answers: Answers) -> str:
    """The domain under which names count as one owner's (RFC 9989, 4.10.2)."""
    found = list(_found(domain, answers))
    for at, tags in found:
        if _psd(tags) == "n":
            return at
        if _psd(tags) == "y" and at != domain:
            return ".".join(domain.split(".")[-at.count(".") - 2 :])
    return found[-1][0] if found else domain


def policy(domain: str, answers: Answers) -> Policy | None:
    """The policy that holds for mail from this domain: its own, its organization's, or its registry's."""
    found = dict(_found(domain, answers))
    if not found:
        return None
    own = domain in found
    organized = organization(domain, answers)
    at = domain if own else organized if organized in found else list(found)[-1]
    tags = found[at]
    tag = "p" if own or "sp" not in tags else "sp"
    value = tags.get(tag, _WEAK).lower()
    return Policy(at, tag, value if value in _POLICIES else _WEAK, tags)


def unreached(domain: str, answers: Answers) -> str:
    """Why it cannot be known which policy holds; empty where it can."""
    for at in walk(domain):
        looked = answers.get(f"{PLACE}{at}")
        if isinstance(looked, Unreached):
            return f"{PLACE}{at} could not be looked up: {looked.reason}"
        if at == domain and _record(at, answers):
            return ""
    return ""


def weakness(domain: str, answers: Answers) -> str:
    """Why anybody can send mail in the name of this domain; empty where a policy says that it is to be refused."""
    count = len(_records(domain, answers))
    if count > 1:
        return f"{PLACE}{domain} has {count} DMARC records, and receivers take none of them"
    holds = policy(domain, answers)
    return holds.weakness if holds else f"no DMARC record holds for {domain}"


def proposed(identity: Identity) -> str:
    """The record to publish for the domain that mails come from."""
    strict = bool(identity.keys) and all(k.domain == identity.sender for k in identity.keys)
    alignment = "adkim=s; " if strict else ""
    return f"v=DMARC1; p=reject; sp=reject; np=reject; {alignment}rua=mailto:postmaster@{identity.sender}"


def dmarc(identity: Identity, answers: Answers) -> list[Finding]:
    """What holds for the domain that mails come from."""
    domain, record = identity.sender, proposed(identity)
    if why := unreached(domain, answers):
        return [Finding(ABOUT, Severity.ADVICE, why, "Try again later.")]
    holds = policy(domain, answers)
    if (weak := weakness(domain, answers)) or holds is None:
        do = f"Publish one TXT record at {PLACE}{domain}. If others send for it, read the reports for some weeks first."
        said = f"anybody can send mail in the name of {identity.address}: {weak}"
        return [Finding(ABOUT, Severity.WRONG, said, do, record)]
    fine = Finding(ABOUT, Severity.FINE, f"{PLACE}{holds.at} says {holds.tag}={holds.value}")
    return [fine, *(Finding(ABOUT, Severity.ADVICE, said, do, record) for said, do in _better(holds))]


def _better(holds: Policy) -> Iterator[tuple[str, str]]:
    """What could be better about a policy that holds, and what to do."""
    tags, place = holds.tags, f"{PLACE}{holds.at}"
    if holds.value == "quarantine":
        yield f"{place}: forged mails are put aside, and some readers look there", "Say p=reject."
    for tag in ("sp", "np"):
        if tags.get(tag, "").lower() == _WEAK and holds.tag != tag:
            whose = "names below it that do not exist" if tag == "np" else "names below it"
            yield f"{place} says {tag}=none: anybody can send mail from {whose}", f"Say {tag}=reject."
    if gone := [tag for tag in _GONE if tag in tags]:
        yield f"{place} holds {', '.join(gone)}, which RFC 9989 knows no longer", "Leave that out."
    if "rua" not in tags:
        yield (
            f"{place} names nobody to report to: forgeries stay unknown",
            "Name a mailbox for reports (rua=mailto:...).",
        )


def aligned(one: str, other: str, mode: str, answers: Answers) -> bool:
    """Whether two domains count as one: the same, or of one organization unless `mode` is strict (RFC 9989, 4.4)."""
    return one == other or (mode != STRICT and organization(one, answers) == organization(other, answers))


def _found(domain: str, answers: Answers) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The records on the way up, the nearest first, as far as that goes."""
    for at in walk(domain):
        if tags := _record(at, answers):
            yield at, tags
            if _psd(tags) in {"y", "n"}:
                return


def _record(domain: str, answers: Answers) -> Mapping[str, str]:
    """The tags of the one record at a domain; nothing where there is none or more than one."""
    records = _records(domain, answers)
    return records[0] if len(records) == 1 else {}


def _records(domain: str, answers: Answers) -> list[Mapping[str, str]]:
    looked = answers.get(f"{PLACE}{domain}")
    texts = answered(looked) if looked else ()
    # the version stands first, in capitals (RFC 9989, 4.7)
    kept = [t for t in texts if t.partition(";")[0].replace(" ", "") == "v=DMARC1"]
    return [tags for t in kept if (tags := tags_of(t))]


def _psd(tags: Mapping[str, str]) -> str:
    return tags.get("psd", "u").lower()
