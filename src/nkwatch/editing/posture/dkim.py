"""Whether the published key is the one that we sign with (RFC 6376, 3.6.1; RFC 8463)."""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping

from nkwatch.domain.posture import Finding, Looked, Severity, SigningKey, Unreached
from nkwatch.editing.posture.records import answered, tags_of

ABOUT = "DKIM"


def dkim(key: SigningKey, looked: Looked) -> list[Finding]:
    """What stands at the name of this key."""
    if isinstance(looked, Unreached):
        return [
            Finding(ABOUT, Severity.ADVICE, f"{key.name} could not be looked up: {looked.reason}", "Try again later.")
        ]
    records = answered(looked)
    if not records:
        return [_wrong(key, "has no record: no signature of ours can be checked")]
    if len(records) > 1:
        return [_wrong(key, f"has {len(records)} records, and which one counts is not defined")]
    tags = tags_of(records[0])
    found = [_wrong(key, said) for said in _mistakes(key, tags)]
    if not found:
        found = [Finding(ABOUT, Severity.FINE, f"{key.name} holds the key that we sign with ({key.algorithm})")]
    if "y" in _listed(tags.get("t", "")):
        said = f"{key.name} says t=y (testing): receivers may take our mails for unsigned"
        found.append(Finding(ABOUT, Severity.ADVICE, said, "Leave t=y out.", key.record))
    return found


def _mistakes(key: SigningKey, tags: Mapping[str, str]) -> Iterator[str]:
    """Why a signature of ours would not be accepted; the first reason that there is."""
    if "p" not in tags or tags.get("v", "DKIM1") != "DKIM1":
        yield "holds something that is no key"
    elif not tags["p"]:
        yield "says that the key is revoked (an empty p=)"
    elif tags.get("k", "rsa").lower() != key.algorithm or _octets(tags["p"]) != key.public:
        yield "holds another key than the one that we sign with"
    elif "sha256" not in _listed(tags.get("h", "sha256")):
        yield f"allows only h={tags['h']}, and we sign with sha256"
    elif not {"*", "email"} & _listed(tags.get("s", "*")):
        yield f"is not for mail (s={tags['s']})"


def _wrong(key: SigningKey, said: str) -> Finding:
    return Finding(ABOUT, Severity.WRONG, f"{key.name} {said}", f"Publish this TXT record at {key.name}.", key.record)


def _listed(value: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in value.split(":"))


def _octets(value: str) -> bytes:
    """The key in base64; white space in it does not count. Nothing where it is none."""
    try:
        return b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
