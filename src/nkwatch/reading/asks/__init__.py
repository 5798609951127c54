"""What a statement demands, of whom, and by when.

A demand has an addressee before a modal ("X must ...") or behind a verb of demanding ("calls on X to ..."). A norm
without an addressee is no demand. Recommendations ("Allow ...") count only in lists and reviews of them.
"""

from collections.abc import Iterator, Mapping
from itertools import islice

from nkwatch.domain.reading import Ask
from nkwatch.reading.asks.demands import demands
from nkwatch.reading.asks.eastern import EASTERN, eastern_demands
from nkwatch.reading.asks.lists import recommendations
from nkwatch.reading.speech import Speech, Tongue

#: No text has more that are worth keeping.
MOST = 60


def asks(texts: Mapping[str, str], speech: Speech, language: str) -> tuple[Ask, ...]:
    """The demands of `texts` (field -> text), in order. None in a language that `speech` does not know."""
    code = language[:2]
    tongue = speech.tongues.get(code)
    return tuple(islice(_all(texts, tongue, code), MOST)) if tongue else ()


def _all(texts: Mapping[str, str], tongue: Tongue, code: str) -> Iterator[Ask]:
    for field, text in texts.items():
        yield from eastern_demands(field, text, tongue, code) if code in EASTERN else demands(field, text, tongue)
    if code not in EASTERN:
        yield from recommendations(texts.get("title", "").strip(), texts.get("text", ""), tongue)
