"""The part of a robots.txt that is meant for us, in a size that can be matched without fear.

Protego reads the rules, but without bounds, keeps those for everybody else, and takes a group for "nk" as one
for "nkwatch". So it is given a file reduced to the groups for `TOKEN` and for everybody.
"""

import re
from collections.abc import Iterator

#: Our product token (RFC 9309, 2.2.1).
TOKEN = "nkwatch"  # noqa: S105
#: Bytes that are read; the RFC wants no less (2.5).
MOST_BYTES = 500 * 1024
#: Characters; longer lines are left out: cut off, they would forbid or allow more than they say.
LONGEST_LINE = 2_000
#: Rules for us that are kept, the characters of them all, and the wildcards in one.
MOST_RULES, MOST_TEXT, MOST_WILDCARDS = 2_000, 100_000, 20
_AGENT = frozenset({"user-agent", "useragent", "user agent"})
_RULES = {"allow": "Allow", "disallow": "Disallow", "crawl-delay": "Crawl-delay", "crawl delay": "Crawl-delay"}
_PRODUCT = re.compile(r"\*(?=\s|$)|[A-Za-z_-]+")
_STARS = re.compile(r"\*+")


def reduced(body: bytes) -> str:
    """The groups of a robots.txt that concern us; empty when none does. Never raises, whatever `body` is."""
    whole = body[:MOST_BYTES]
    if len(body) > MOST_BYTES:
        # the last line may be cut off
        whole = whole[: max(whole.rfind(b"\n"), whole.rfind(b"\r")) + 1]
    kept, rules, size = list[str](), 0, 0
    for line in _ours(whole.decode("utf-8-sig", "replace")):
        rules, size = rules + (not line.startswith("User-agent")), size + len(line)
        if rules > MOST_RULES or size > MOST_TEXT:
            break
        kept.append(line)
    return "\n".join(kept) if rules else ""


def _ours(text: str) -> Iterator[str]:
    """The lines of groups for us. Agents in a row share a group; what is neither agent nor rule is no line."""
    ours, agents = set[str](), False
    for line in text.splitlines():
        if ":" not in line or len(line) > LONGEST_LINE:
            continue
        name, _, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        name = name.lower()
        if name not in _AGENT and name not in _RULES:
            continue
        if name in _AGENT:
            ours, agents = (ours if agents else set()) | _named(value), True
            continue
        if agents:
            yield from (f"User-agent: {agent}" for agent in sorted(ours))
            agents = False
        value = _STARS.sub("*", value)
        if ours and value.count("*") <= MOST_WILDCARDS:
            yield f"{_RULES[name]}: {value}"


def _named(value: str) -> set[str]:
    """Us or everybody, if the value of a User-agent line names them; a version or the like behind is ignored."""
    product = _PRODUCT.match(value)
    return {product[0].lower()} & {TOKEN, "*"} if product else set()
