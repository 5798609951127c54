"""Reads ReliefWeb, where thousands of humanitarian organisations publish, through its API, version 2.

Relied on: apidoc.reliefweb.int/parameters (appname, query, filter, fields, sort, limit of GET requests), the names of
fields as ReliefWeb's own site asks for and reads them (UN-OCHA/rwint9-site, ReportRiver: title, url_alias,
body-html, date.original, date.created, source as a list, language as a list with codes), and the shape of errors as
users report them: ``{"status": 403, "error": {"type": ..., "message": ...}}``. Nothing was tried live.

The rights to a text stay with the organisation that published it: `Entry.author` names it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.cleaning import paragraphs, title_line
from nkwatch.feeds.dates import published
from nkwatch.feeds.documents import LONGEST_AUTHOR, Document, Parsed, Unreadable, address, distinct, language_tag
from nkwatch.feeds.kinds import DocumentKind, unknown_options
from nkwatch.net.decoding import FORBIDDEN, decode

API = "https://api.reliefweb.int/v2/reports"
#: Reports a poll: some weeks of one country.
LIMIT = 50
#: The body once only, as HTML: fifty reports in both forms could outgrow what is taken from a server.
FIELDS = (
    *("title", "url", "url_alias", "origin", "body-html"),
    *("date.created", "date.original", "source.name", "source.shortname", "language.code"),
)
#: ReliefWeb's code for "other".
OTHER_LANGUAGE = "ot"
LONGEST_MESSAGE = 300
OPTIONS = {
    "appname": "The name by which ReliefWeb knows you; needed. Ask for one at https://apidoc.reliefweb.int/.",
    "country": "The country that reports are on: three letters of ISO 3166-1; else PRK.",
    "query": "Words that must stand in them.",
}


def asked(source: Source, address: str) -> str:
    """The address of the newest reports on the country; `address` is that of the API, without parameters."""
    options = source.options
    parameters = [
        ("appname", options.get("appname", "")),
        ("filter[field]", "country.iso3"),
        ("filter[value]", options.get("country", "PRK").lower()),
        ("sort[]", "date.created:desc"),
        ("limit", str(LIMIT)),
        *(("fields[include][]", name) for name in FIELDS),
    ]
    if query := options.get("query", ""):
        parameters += [("query[value]", query), ("query[operator]", "AND")]
    return urlunsplit(urlsplit(address)._replace(query=urlencode(parameters), fragment=""))


def read_reliefweb(document: Document, source: Source) -> Parsed | Unreadable:
    """The entries of an answer of the API, in its order: newest first."""
    try:
        answer = json.loads(decode(document.body, document.content_type))
    except (ValueError, RecursionError):
        return Unreadable("ReliefWeb's answer is no JSON, or cut off.")
    thing = answer if isinstance(answer, dict) else {}
    if "error" in thing:
        return Unreadable(_error(thing["error"]))
    reports = thing.get("data")
    if not isinstance(reports, list):
        return Unreadable("ReliefWeb's answer holds no reports: the API may have changed.")
    return Parsed(distinct(_entry(report, document.url, source) for report in _objects(reports)))


def _error(error: object) -> str:
    message = _text(error, "message") if isinstance(error, dict) else str(error)
    said = title_line(message, plain=True)[:LONGEST_MESSAGE] or "without saying why"
    return f"ReliefWeb refuses: {said.rstrip('.')}."


def _entry(report: Mapping[str, Any], url: str, source: Source) -> Entry:
    fields = _object(report.get("fields"))
    title = title_line(_text(fields, "title"), plain=True)
    dates = _object(fields.get("date"))
    languages = [language_tag(_text(one, "code")) for one in _objects(fields.get("language"))]
    number = _text(report, "id")
    link = _text(fields, "url_alias") or _text(fields, "url") or _text(fields, "origin")
    return Entry(
        title=title,
        url=address(url, link),
        text=paragraphs(_text(fields, "body-html"), source.strip)
        or paragraphs(_text(fields, "body"), source.strip, plain=True),
        guid=f"reliefweb:{number}" if number else "",
        published=published(source, title, _text(dates, "original"), _text(dates, "created")),
        author=_authors(fields),
        language=next((tag for tag in languages if tag and tag != OTHER_LANGUAGE), ""),
    )


def _authors(fields: Mapping[str, Any]) -> str:
    """The organisations that published the report."""
    names = (_text(one, "name") or _text(one, "shortname") for one in _objects(fields.get("source")))
    return ", ".join(dict.fromkeys(title_line(name, plain=True) for name in names if name))[:LONGEST_AUTHOR]


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    yield from (v for v in value if isinstance(v, dict)) if isinstance(value, list) else ()


def _text(thing: Mapping[str, Any], name: str) -> str:
    """The member as text; ids came as numbers and as strings."""
    value = thing.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return FORBIDDEN.sub("", value).strip() if isinstance(value, str) else ""


def problems(source: Source) -> Iterator[str]:
    """A missing or unknown option."""
    if not source.options.get("appname", "").strip():
        yield (
            "ReliefWeb answers only names that it has approved (since 1 November 2025), others get 403: "
            "ask for one at https://apidoc.reliefweb.int/ and write it as option appname"
        )
    country = source.options.get("country", "PRK")
    if not (len(country) == 3 and country.isascii() and country.isalpha()):  # noqa: PLR2004  ISO 3166-1 alpha-3
        yield f"option country is no code of three letters such as PRK: {country!r}"
    yield from unknown_options("a ReliefWeb source", source, OPTIONS)


RELIEFWEB = DocumentKind(
    "reliefweb", accept="application/json", read=read_reliefweb, robots=False, problems=problems, asked=asked
)
