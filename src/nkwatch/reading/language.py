"""The language of a statement: what its script says, else what its source says."""

import re

_HANGUL = re.compile(r"[가-힣]")
_KANA = re.compile(r"[぀-ヿ]")
_LETTER = re.compile(r"[^\W\d_]")
#: A Korean caption inside an English text is far less than this share of its letters.
PREDOMINANT = 0.3


def language(text: str, declared: str) -> str:
    """The ISO 639-1 code of the language that `text` is mostly in; `declared` where the script does not tell."""
    declared = re.split(r"[-_]", declared.strip().lower())[0]
    letters = len(_LETTER.findall(text))
    if not letters:
        return declared
    if len(_HANGUL.findall(text)) / letters > PREDOMINANT:
        return "ko"
    # Japanese mixes kana with Chinese characters, so fewer kana tell as much
    if len(_KANA.findall(text)) / letters > PREDOMINANT / 2:
        return "ja"
    return declared if declared not in {"ko", "ja"} else "en"
