"""Answers of the API: bytes with their tag, and problems that programs can read (RFC 9457)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from nkwatch.web.keeping import known

#: How long an answer is good enough.
CACHE = "public, max-age=60"
JSON, PROBLEM = "application/json", "application/problem+json"


def answer(request: Request, model: BaseModel, *, following: str = "") -> Response:
    """A model as JSON; `following` is the address of the next page. 304 where the asker has these bytes."""
    body = model.model_dump_json().encode()
    return tagged(request, body, JSON, {"Link": link(following)} if following else {})


def tagged(request: Request, body: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> Response:
    """These bytes, or 304 where the asker has them."""
    tag = etag(hashlib.sha256(body).hexdigest())
    told = {"ETag": tag, "Cache-Control": CACHE, **(headers or {})}
    if has(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=told)
    return Response(body, headers=told, media_type=media_type)


def etag(digest: str) -> str:
    """The tag of bytes with this hash."""
    return f'"{digest[:32]}"'


def has(request: Request, tag: str) -> bool:
    """Whether the asker has these bytes."""
    return known(request.headers.get("if-none-match", "").encode("latin-1"), tag.encode())


def link(following: str) -> str:
    """The header that names the next page (RFC 8288)."""
    return f'<{following}>; rel="next"'


def problem(status: int, detail: str, errors: Sequence[str] = (), headers: Mapping[str, str] | None = None) -> Response:
    """What is wrong, in words; `errors` are all of several mistakes."""
    said: dict[str, object] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    said |= {"detail": detail} | ({"errors": [{"detail": e} for e in errors]} if errors else {})
    body = json.dumps(said, ensure_ascii=False).encode()
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, PROBLEM)
