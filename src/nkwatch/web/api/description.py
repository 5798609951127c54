"""The description of the API that programs read (OpenAPI 3.1), from its models and from what is said here."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from nkwatch.domain.search import LARGEST_PAGE
from nkwatch.web.api import lists, models
from nkwatch.web.api.answers import PROBLEM
from nkwatch.web.api.files import MEDIA_TYPES, ROWS
from nkwatch.web.api.pace import FILE, MOST
from nkwatch.web.api.paging import BOM, CURSOR, LIMIT, QUERY, USUAL
from nkwatch.web.asking import LONGEST, LONGEST_VALUE, MOST_VALUES

#: An address, what answers there, and with what; a file has no model.
Operation = tuple[str, Callable[..., Any], type[models.Model] | None]
#: Of this description, by semver.org: the first part is that of the path.
RELEASE = "1.0.0"
_FILTERED, _DAYS = (*QUERY, CURSOR), ("source", "since", "until", CURSOR)
#: The parameters that may stand in an address.
TAKES: Mapping[str, tuple[str, ...]] = {
    "/stories": (*_FILTERED, LIMIT),
    "/statements": (*_FILTERED, LIMIT),
    "/bulletins": (CURSOR, LIMIT),
    "/export.csv": (*_FILTERED, BOM),
    "/export.jsonl": _FILTERED,
    "/coverage.csv": (*_DAYS, BOM),
    "/coverage.jsonl": _DAYS,
}
POLICY = (
    "What stands in version 1 stays: fields and addresses may be added, none is taken away or gets another meaning. A "
    "successor gets another number in its path; version 1 then goes on for at least twelve months and says so in the "
    "headers Deprecation (RFC 9745) and Sunset (RFC 8594)."
)
ABOUT = (
    "Statements on human rights in North Korea, the stories that they report, and what was found in them.\n\n"
    "Texts belong to their publishers: given are titles, excerpts, quotes and requests of at most 300 letters each, "
    "with the link and the attribution to be shown with them. What is under embargo, held back by editors, deleted by "
    "its publisher or taken out is not given. Named victims are no filter here. A parameter without a value is as if "
    "it was left out.\n\n"
    "Lists begin with the newest. `next` in the body, and in the header `Link` (RFC 8288), is the address of the next "
    "page. Every answer has an `ETag`: ask again with `If-None-Match`. Any page may ask (CORS). A network may take "
    f"{MOST} units in a minute: an answer takes one, a file {FILE}; the headers `RateLimit` and `RateLimit-Policy` say "
    f"what is left. Problems come as RFC 9457 has them.\n\n{POLICY}"
)


def _many(description: str, example: str, **schema: Any) -> dict[str, Any]:
    """A filter that may be given several times: any of its values is enough."""
    items = {"type": "string"} | schema
    of = {"type": "array", "items": items, "maxItems": MOST_VALUES}
    return {"description": description, "schema": of, "explode": True, "examples": {"one": {"value": [example]}}}


def _one(description: str, example: str | int, **schema: Any) -> dict[str, Any]:
    said = {"type": "string"} | schema
    return {"description": description, "schema": said, "examples": {"one": {"value": example}}}


def _parameters(themes: Sequence[str]) -> dict[str, dict[str, Any]]:
    day = "^([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?$"
    return {
        "q": _one(f'Words and "phrases", {LONGEST} letters, all of which must stand in title or text.', "prison camp"),
        "theme": _many("Codes of themes.", themes[0] if themes else "prisons", enum=[*themes, ""]),
        "source": _many("Ids of sources.", "hrw-en"),
        "country": _many("Countries of publishers.", "KR", pattern="^([A-Za-z]{2})?$"),
        "language": _many("Languages of texts.", "ko", pattern="^([A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*)?$"),
        "asked": _many("Countries of whom something is demanded.", "CN", pattern="^([A-Za-z]{2})?$"),
        "since": _one("The first day (UTC): a day, month or year.", "2026-01-01", pattern=day),
        "until": _one("The last day (UTC): a day, month or year.", "2026", pattern=day),
        "urgency": _one("The least urgency.", "notable", enum=["urgent", "notable", "routine", ""]),
        "speaker": _one(f"Words in the names of who is quoted, {LONGEST_VALUE} letters.", "Special Rapporteur"),
        "addressee": _one(f"Words in the names of whom is asked, {LONGEST_VALUE} letters.", "China"),
        "rights": _one("Only what is on human rights, not on context alone.", "yes", enum=["yes", "no", ""]),
        CURSOR: _one(
            "Where the page begins: from `next`, and nothing else.", "AA3UTwAAAAA", pattern="^([A-Za-z0-9_-]{11})?$"
        ),
        LIMIT: _one("Entries on a page.", USUAL, type="integer", minimum=1, maximum=LARGEST_PAGE, default=USUAL),
        BOM: _one("Begin with a byte order mark, for spreadsheets.", "no", enum=["yes", "no", ""]),
    }


def operation(path: str, call: Callable[..., Any], model: type[models.Model] | None) -> dict[str, Any]:
    """How an address is put into the application."""
    said = " ".join((call.__doc__ or "").split())
    name = f"{call.__name__}"
    return {
        "methods": ["GET"],
        "operation_id": name,
        "summary": said.partition(". ")[0].rstrip("."),
        "description": said,
        "response_model": model,
        "tags": [path.strip("/").partition("/")[0].partition(".")[0] or "start"],
    }


def described(
    operations: Iterable[Operation], address: str, page: str, name: str, contact: str, themes: Sequence[str]
) -> bytes:
    """The whole description as JSON. `themes` are their codes; `page` is the one for people."""
    api = FastAPI(openapi_url=None)
    for path, call, model in operations:
        api.add_api_route(path, call, **operation(path, call, model))
    document = get_openapi(
        title=f"{name} API",
        version=RELEASE,
        openapi_version="3.1.0",
        description=ABOUT,
        routes=api.routes,
        servers=[{"url": address}],
        contact={"email": contact},
    )
    document["externalDocs"] = {"url": page, "description": "For people"}
    parts = document.setdefault("components", {})
    parts["schemas"] = {n: s for n, s in parts.get("schemas", {}).items() if "ValidationError" not in n}
    reference = "#/components/schemas/{model}"
    parts["schemas"]["Problem"] = lists.Problem.model_json_schema(ref_template=reference)
    parts["schemas"] |= parts["schemas"]["Problem"].pop("$defs", {})
    known = _parameters(themes)
    parts["parameters"] = {n: {"name": n, "in": "query", "required": False} | p for n, p in known.items()}
    for path, at in document["paths"].items():
        _amend(path, at["get"])
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _amend(path: str, operation: dict[str, Any]) -> None:
    """Parameters, headers and problems of one address."""
    responses: dict[str, Any] = operation["responses"]
    responses.pop("422", None)
    if path.endswith(tuple(MEDIA_TYPES)):
        responses["200"] = {
            "description": f"At most {ROWS} rows; the header Link says where to go on.",
            "content": _file(path),
        }
    more = CURSOR in TAKES.get(path, ())
    tag = {"ETag": _header("Names these very bytes.")}
    responses["200"]["headers"] = tag | ({"Link": _header("The next page, where there is one.")} if more else {})
    responses["304"] = {"description": "You have these bytes already.", "headers": tag}
    if path == "/stories/{story_id}":
        where = {"Location": _header("The story into which it went.")}
        responses["301"] = {"description": "An editor has merged it with another story.", "headers": where}
    wrong = [400, 404, 429] if "{" in path else [400, 429]
    responses |= {str(status): _problem(status) for status in wrong}
    named = [{"$ref": f"#/components/parameters/{name}"} for name in TAKES.get(path, ())]
    operation["parameters"] = [*operation.get("parameters", ()), *named]


def _file(path: str) -> dict[str, Any]:
    media_type = MEDIA_TYPES[path.rpartition(".")[2]].partition(";")[0]
    return {media_type: {"schema": {"type": "string"}}}


def _problem(status: int) -> dict[str, Any]:
    headers = {"Retry-After": _header("Seconds to wait.")} if status == HTTPStatus.TOO_MANY_REQUESTS else {}
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": HTTPStatus(status).phrase, "content": content, "headers": headers}


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}
