"""Whether a mail is from whom it says, as the operator's own mail server found (RFC 8601).

A forged newsletter must not become a statement: the From of a mail is whatever its sender wrote.
"""

import re
from email.message import Message

#: Characters of an Authentication-Results header that are looked at.
LONGEST_RESULTS = 20_000
AROUND_EQUALS = re.compile(r"\s*=\s*")
#: What separates parts of the header, where it stands in quotes.
QUOTED = str.maketrans(dict.fromkeys(";= \t\r\n", "_"))


def expected(address: str, wanted: str) -> bool:
    """Whether `address` is one of these addresses, or in one of these domains (``@example.org``)."""
    return any(address == w or (w.startswith("@") and address.endswith(w)) for w in wanted.lower().split())


def authenticated(message: Message, domain: str, authserv: str) -> bool:
    """Whether the topmost Authentication-Results is that of the server `authserv` and vouches for `domain`.

    That is dkim=pass of the domain or one above it, or dmarc=pass for it. Headers further down were there before
    the mail came to our server, and may say anything.
    """
    results = message.get_all("Authentication-Results") or []
    server, *findings = _unquoted(str(results[0])[:LONGEST_RESULTS]).split(";") if results else [""]
    words = server.split()
    if not words or words[0].lower() != authserv.lower():
        return False
    return any(_vouches(AROUND_EQUALS.sub("=", finding).split(), domain) for finding in findings)


def _vouches(words: list[str], domain: str) -> bool:
    """Whether one method's result is a pass for `domain`: ``dkim=pass header.d=example.org``."""
    method, _, result = words[0].lower().partition("=") if words else ("", "", "")
    pairs: dict[str, str] = {}
    for name, _, value in (word.lower().partition("=") for word in words[1:]):
        pairs.setdefault(name, value)
    # some servers (Gmail) name the identity, which lies in the signing domain, and not the domain
    signed = pairs.get("header.d") or pairs.get("header.i", "").rpartition("@")[2]
    named = {"dkim": signed, "dmarc": pairs.get("header.from", "")}.get(method.partition("/")[0], "")
    return result == "pass" and _covers(named, domain)


def _covers(named: str, domain: str) -> bool:
    return named == domain or ("." in named and domain.endswith(f".{named}"))


def _unquoted(header: str) -> str:
    """The header without comments and quotation marks; what was quoted cannot be taken for structure any more."""
    out: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in header:
        if escaped:
            escaped = False
            out.append(character.translate(QUOTED) if not depth else "")
        elif character == "\\" and (quoted or depth):
            escaped = True
        elif character == '"' and not depth:
            quoted = not quoted
        elif quoted:
            out.append(character.translate(QUOTED))
        elif character in "()":
            depth = max(depth + (1 if character == "(" else -1), 0)
            out.append(" ")
        elif not depth:
            out.append(character)
    return "".join(out)
