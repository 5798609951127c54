"""What people say in a statement, word for word, and who they are.

A quotation counts when it is more than a few words and no title. Its speaker is looked for behind it, before it, and in
the quotation before; where the text does not say, the speaker stays empty.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import islice

from nkwatch.domain.reading import Evidence, Quote
from nkwatch.reading.quotes.japanese import Japanese
from nkwatch.reading.quotes.korean import Korean
from nkwatch.reading.quotes.latin import Latin
from nkwatch.reading.quotes.places import Manner, Place, Said, places
from nkwatch.reading.quotes.turns import resolved
from nkwatch.reading.speech import Speech, Tongue

#: No field has more that are worth keeping.
MOST = 60
_MANNERS: Mapping[str, Callable[[Tongue], Manner]] = {"ko": Korean.of, "ja": Japanese.of}


def quotes(texts: Mapping[str, str], speech: Speech, language: str) -> tuple[Quote, ...]:
    """The quotes of `texts` (field -> text), in order. None in a language that `speech` does not know."""
    tongue = speech.tongues.get(language[:2])
    if tongue is None:
        return ()
    manner = _manner(tongue, language[:2])
    return tuple(quote for field, text in texts.items() for quote in _in(field, text, manner))


@lru_cache(maxsize=16)
def _manner(tongue: Tongue, language: str) -> Manner:
    return _MANNERS.get(language, Latin.of)(tongue)


def _in(field: str, text: str, manner: Manner) -> Iterator[Quote]:
    found = list(islice(_said(places(text, title=field == "title"), manner), MOST))
    for said, who in zip(found, resolved(text, found, manner.title), strict=True):
        words = said.place.said.strip()
        start = text.index(words, said.place.words.start)
        yield Quote(Evidence(field, start, start + len(words), words), who.speaker, who.role)


def _said(found: Iterator[Place], manner: Manner) -> Iterator[Said]:
    for place in found:
        who = manner.who(place)
        if manner.speaks(place, named=who is not None):
            yield Said(place, who or manner.beside(place))
