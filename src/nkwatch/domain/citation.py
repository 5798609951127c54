"""How a statement is cited. The value is CSL-JSON (version 1.0); RIS and BibTeX are written from it.

Bibliographies tell a reader where a text stands, and here also where it stays: its archive is ours.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

#: Control letters, and what ends a line for some programs; each would break a file made of lines.
_CONTROLS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")


class Kind(StrEnum):
    """What kind of text it is, in the words of CSL."""

    WEBPAGE = "webpage"
    REPORT = "report"
    SPEECH = "speech"


_RIS = {Kind.WEBPAGE: "ELEC", Kind.REPORT: "RPRT", Kind.SPEECH: "GEN"}
_BIBTEX = {Kind.WEBPAGE: "misc", Kind.REPORT: "techreport", Kind.SPEECH: "misc"}
#: Words in titles that say what a text is. They are few and plain: in doubt it is a page of the web.
_WORDS = {
    Kind.SPEECH: re.compile(
        r"\b(?:speech|remarks|oral statement|statement (?:by|of|delivered)|address (?:by|of|to)|keynote|discours"
        r"|allocution|rede von)\b|연설|기조발언|演説|発言",
        re.IGNORECASE,
    ),
    Kind.REPORT: re.compile(
        r"\b(?:annual report|report (?:of|by) the|white paper|rapport (?:annuel|du|de la|des))\b"
        r"|보고서$|백서|報告書$|白書",
        re.IGNORECASE,
    ),
}


@dataclass(frozen=True, slots=True)
class Citation:
    """One statement as it is cited. `key` is its own for ever; an empty text or None says that it is not known.

    `author` is an organisation, `container` the site that shows it where that is another one. `circa`: the date is
    only estimated. `place` is our permanent address, `sha256` that of the bytes as they were had on `accessed`.
    """

    key: str
    title: str
    author: str
    issued: date
    place: str
    archive: str
    kind: Kind = Kind.WEBPAGE
    container: str = ""
    circa: bool = False
    accessed: date | None = None
    url: str = ""
    language: str = ""
    sha256: str = ""

    @property
    def note(self) -> str:
        """What proves the text."""
        return f"SHA-256 of the snapshot: {self.sha256}" if self.sha256 else ""

    def csl(self) -> dict[str, Any]:
        """An item of CSL-JSON."""
        told: dict[str, Any] = {
            "id": self.key,
            "type": str(self.kind),
            "title": _line(self.title) or self.place,
            "author": [{"literal": _line(self.author) or _line(self.archive)}],
            "issued": _parts(self.issued) | ({"circa": True} if self.circa else {}),
            "container-title": _line(self.container),
            "publisher": _line(self.author) if self.kind is Kind.REPORT else "",
            "accessed": _parts(self.accessed) if self.accessed else "",
            "URL": self.url,
            "language": self.language,
            "archive": _line(self.archive),
            "archive_location": self.place,
            "note": self.note,
        }
        return {name: value for name, value in told.items() if value}


def kind_of(title: str, *, document: bool = False) -> Kind:
    """What a title says that its text is; a `document` with a symbol of the United Nations is a report."""
    if document:
        return Kind.REPORT
    return next((kind for kind, words in _WORDS.items() if words.search(title)), Kind.WEBPAGE)


def ris(citations: Iterable[Citation]) -> str:
    """The RIS file of these (Research Information Systems, 2011); its lines end in CR LF."""
    return "".join(f"{line}\r\n" for one in citations for line in _ris(one.csl(), one.kind))


def _ris(item: Mapping[str, Any], kind: Kind) -> list[str]:
    issued, accessed = _date(item["issued"], "/"), _date(item.get("accessed"), "/")
    lines = [
        ("TY", _RIS[kind]),
        ("ID", item["id"]),
        ("TI", item["title"]),
        ("AU", item["author"][0]["literal"]),
        ("PY", issued[:4]),
        ("DA", issued),
        ("T2", item.get("container-title")),
        ("PB", item.get("publisher")),
        ("M3", "Speech" if kind is Kind.SPEECH else ""),
        ("Y2", accessed),
        ("UR", item.get("URL")),
        ("LA", item.get("language")),
        ("DB", item["archive"]),
        ("AV", item["archive_location"]),
        ("N1", item.get("note")),
    ]
    return [f"{name}  - {value}" for name, value in lines if value] + ["ER  - "]


def bibtex(citations: Iterable[Citation]) -> str:
    """The BibTeX file of these, in UTF-8; for BibLaTeX too, which reads `date` and `urldate`."""
    return "\n".join(_entry(one) for one in citations)


def _entry(citation: Citation) -> str:
    item = citation.csl()
    issued = _date(item["issued"], "-")
    fields = {
        # in braces of its own, an organisation has no first name and a title keeps its capitals
        "title": f"{{{latex(item['title'])}}}",
        "author": f"{{{latex(item['author'][0]['literal'])}}}",
        "institution": latex(item.get("publisher", "")),
        "howpublished": latex(item.get("container-title", "")),
        "year": issued[:4],
        "date": f"{issued}~" if citation.circa else issued,
        "urldate": _date(item.get("accessed"), "-"),
        # read as it stands: what is an address for us holds no braces
        "url": _address(citation.url),
        "language": latex(item.get("language", "")),
        "note": latex(". ".join(filter(None, (f"{item['archive']}: {item['archive_location']}", item.get("note"))))),
    }
    told = "".join(f",\n  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{_BIBTEX[citation.kind]}{{{citation.key}{told}\n}}\n"


#: What LaTeX does not take for itself. Braces are named, so that those of the file stay balanced.
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{letter: f"\\{letter}" for letter in "$&#%_"},
}
#: Two of these letters side by side become another one in print; an empty group keeps them apart.
_LIGATURES = re.compile(r"(?<=-)-|(?<=[`?!])`|(?<=')'|(?<=,),|(?<=<)<|(?<=>)>")


def latex(text: str) -> str:
    """`text` so that LaTeX prints it letter for letter."""
    return _LIGATURES.sub(r"{}\g<0>", "".join(_LATEX.get(letter, letter) for letter in text))


def _line(text: str) -> str:
    """`text` on one line."""
    return _CONTROLS.sub(" ", text).strip()


def _address(url: str) -> str:
    return url.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C")


def _parts(day: date) -> dict[str, Any]:
    return {"date-parts": [[day.year, day.month, day.day]]}


def _date(told: Mapping[str, Any] | None, between: str) -> str:
    if not told:
        return ""
    year, month, day = told["date-parts"][0]
    return f"{year:04}{between}{month:02}{between}{day:02}"
