"""Bytes to text. Declarations lie; so what the bytes can be comes before what they are said to be.

The order: byte order mark, UTF-8 that holds, XML or HTML declaration, HTTP charset, charset-normalizer.
Without it, EUC-KR that is undeclared or declared as UTF-8 turns into noise, and a source falls silent.
"""

import codecs
import re
from collections.abc import Iterator

from charset_normalizer import from_bytes

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: The supersets that publishers mean by these names (WHATWG Encoding Standard, 4.2).
SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "cp950",
}
#: What feeds were ever seen in; fewer candidates make fewer wrong guesses on short texts.
CANDIDATES = ["cp949", "cp932", "euc_jp", "gb18030", "big5", "cp1252", "cp1251", "koi8_r"]
DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?\bencoding\s*=\s*["']?([\w.:-]+)|<meta[^>]{0,200}?\bcharset\s*=\s*["']?([\w.:-]+)""",
    re.IGNORECASE,
)
#: Markup in these has a null in every ASCII character; without any it is not what it is said to be.
WIDE = re.compile(r"utf-?(?:16|32)|ucs-?[24]", re.IGNORECASE)
CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
#: XML 1.0 forbids these, and parsers stop at them.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")
JAMO = re.compile("[ㄱ-ㆎ]")
#: A text is accepted with at most one broken character among this many that are not ASCII.
ONE_BROKEN_AMONG = 20
#: In UTF-8 so many characters of three or four bytes are enough: these hardly ever fit together by chance.
ONE_BROKEN_BESIDE = 2
BROKEN = "\ufffd"
#: Bytes beyond ASCII, one or more. In the West such letters stand alone, and no declaration of a Western encoding is
#: believed where most of them come in such crowds: servers declare ISO-8859-1 for whatever they hold.
FOREIGN = re.compile(rb"[\x80-\xff]+")
CROWD = 3
WESTERN = frozenset({"ascii", "cp1252", "iso8859-1", "iso8859-15"})
#: As much of a text as is looked at to guess its encoding (bytes).
SAMPLE = 50_000


def decode(body: bytes, content_type: str = "") -> str:
    """The text of `body`, without byte order mark and characters that no text may hold. Never fails."""
    for encoding in _candidates(body, content_type):
        text = _attempt(body, encoding)
        if text is not None:
            return FORBIDDEN.sub("", text.removeprefix("\ufeff"))
    return FORBIDDEN.sub("", body.decode("utf-8", "replace"))


def _candidates(body: bytes, content_type: str) -> Iterator[str]:
    yield from (encoding for mark, encoding in BYTE_ORDER_MARKS if body.startswith(mark))
    if body[:2] in {b"<\0", b"\0<"}:
        yield "utf-16-le" if body.startswith(b"<") else "utf-16-be"
    if b"\x1b$" in body:  # seven bits: these would pass for UTF-8
        yield "iso2022_kr" if b"\x1b$)C" in body else "iso2022_jp"
    yield "utf-8"
    for name in (*(a or b for a, b in DECLARED.findall(body[:2000])), *CHARSET.findall(content_type)):
        said = name.decode() if isinstance(name, bytes) else name
        if b"\0" in body[:200] or not WIDE.match(said):
            yield said
    sample = _sample(body)
    guess = from_bytes(sample, cp_isolation=CANDIDATES).best()
    if guess is not None:
        yield from ("euc_jp", guess.encoding) if _kana_as_jamo(sample, guess.encoding) else (guess.encoding,)


def _attempt(body: bytes, encoding: str) -> str | None:
    try:
        codec = codecs.lookup(encoding).name
        if codec in WESTERN and _crowded(body):
            return None
        text = body.decode(SUPERSETS.get(codec, codec), "replace")
    except (LookupError, UnicodeError, ValueError):
        return None
    broken = text.count(BROKEN) - (body.count(BROKEN.encode()) if codec == "utf-8" else 0)
    foreign = sum(not c.isascii() for c in text) if broken else 0
    wide = sum(c >= "\u0800" for c in text) - broken if broken and codec == "utf-8" else 0
    return text if broken * ONE_BROKEN_AMONG <= foreign or broken * ONE_BROKEN_BESIDE <= wide else None


def _crowded(body: bytes) -> bool:
    runs = [len(run) for run in FOREIGN.findall(_sample(body))]
    return 2 * sum(length for length in runs if length >= CROWD) > sum(runs)


def _kana_as_jamo(sample: bytes, encoding: str) -> bool:
    """Whether Japanese was taken for Korean: hiragana of EUC-JP are letters outside of syllables in EUC-KR."""
    text = sample.decode(encoding, "replace") if encoding == "cp949" else ""
    return len(JAMO.findall(text)) * ONE_BROKEN_AMONG > sum(not c.isascii() for c in text)


def _sample(body: bytes) -> bytes:
    """The part that tells encodings apart: it begins just before the first byte that is not ASCII."""
    first = next((match.start() for match in FOREIGN.finditer(body)), 0)
    piece = body[first : first + SAMPLE]
    end = piece.rfind(b"<")
    return piece[:end] if end > 0 else piece
