"""Which language a page is in where the address asks for none: what the browser likes best, else English."""

from collections.abc import Iterator, Sequence

FALLBACK = "en"
#: A longer header is no list of languages that somebody reads.
LONGEST = 300


def negotiate(accept: str, offered: Sequence[str], otherwise: str = FALLBACK) -> str:
    """The offered language that `accept` (Accept-Language, RFC 9110, 12.5.4) likes best."""
    wishes = sorted(_wishes(accept[:LONGEST]), key=lambda wish: -wish[1])
    return next((code for code, weight in wishes if weight > 0 and code in offered), otherwise)


def _wishes(accept: str) -> Iterator[tuple[str, float]]:
    """Primary language codes with their weights, in the order of the header."""
    for part in accept.split(","):
        tag, _, parameter = part.partition(";")
        yield tag.strip().split("-")[0].lower(), _weight(parameter.strip())


def _weight(parameter: str) -> float:
    try:
        return float(parameter.removeprefix("q=")) if parameter else 1.0
    except ValueError:
        return 0.0
