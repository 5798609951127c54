"""The page on what programs can ask the site: the OpenAPI document in words, with answers that the site gave."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

from sample import Answer, Sample, opened
from schemas import Node, worded
from tests.web.samples import NOW, SITE
from writing import MADE, code, fence, page, prose, table

from nkwatch.domain.webhook import Call, Event, Hook
from nkwatch.editing.webhooks import Words, content
from nkwatch.mail.views import address, plain
from nkwatch.web.api.files import MEDIA_TYPES, ROWS
from nkwatch.web.api.routes import PLACE
from nkwatch.web.citing import MOST, STYLES
from nkwatch.web.feeds import FORMATS

BEGIN = f"""\
# API

What the site shows can be had as data, without a key. The API stands at `{PLACE}` below the address of the site.
`{PLACE}/openapi.json` describes it (OpenAPI 3.1); this page is made of that description. What is shown at all, and what
never is: [The archive](../archive.md).

{MADE}
Examples are answers on nkwatch's own sample texts. Lists in them are cut to their first entry, things that stood above
to their names, and hashes and versions of rules to `…`."""
#: What is asked as an example, by path; names in braces are those of things in the sample.
ASKED = {
    "/": "/",
    "/stories": "/stories?theme=refugees&limit=1",
    "/stories/{story_id}": "/stories/{story_id}",
    "/statements": "/statements?q=border&language=en&limit=1",
    "/statements/{statement_id}": "/statements/{statement_id}",
    "/statements/{statement_id}/readings": "/statements/{statement_id}/readings",
    "/themes": "/themes",
    "/sources": "/sources",
    "/bulletins": "/bulletins?limit=1",
    "/bulletins/{number}": "/bulletins/{number}",
    "/export.csv": "/export.csv?theme=women",
    "/export.jsonl": "/export.jsonl?theme=women",
    "/coverage.csv": "/coverage.csv?since=2026-11-22",
    "/coverage.jsonl": "/coverage.jsonl?since=2026-11-22",
}
WRONG = "/statements?urgency=high&limit=0"
HEADERS = ("cache-control", "etag", "link", "ratelimit-policy", "ratelimit", "content-type")
#: What calls of webhooks are about.
EVENTS = {
    Event.STORY_NEW: "There is a new story.",
    Event.STORY_CORRECTED: "An editor corrected what was read in it.",
    Event.ALERT_SENT: "An alert on it was sent.",
    Event.ALERT_CORRECTED: "An editor corrected an alert on it.",
    Event.ALERT_WITHDRAWN: "An editor took an alert on it back.",
}
FORMS = f"""\
## Feeds, citations and files

The same as everything else, by its ending. Feeds stand at `/feed`, `/themes/CODE/feed`, `/sources/ID/feed`,
`/alerts/feed`, and any search at `/search`; citations at `/stories/ID` and `/search`, of {MOST} statements at most.
Files have {ROWS:,} rows at most; what the columns mean: [Data dictionary](../data.md)."""
CALLS = """\
## Webhooks

`[[webhook]]` in the [settings](configuration.md#webhook) names who is called. How calls are signed, repeated and given
up: [The archive](../archive.md#webhooks). `data.id` is the story, `data.number` that of the alert. Where the story may
be shown no longer, a correction tells these and `data.url`, and nulls for the rest."""
#: Hashes of what changes with each version of templates.
_HASH = re.compile(r"\b[0-9a-f]{32,64}\b")


def written() -> str:
    """The whole page."""
    return asyncio.run(_written())


async def _written() -> str:
    async with opened() as sample:
        document = json.loads((await sample.ask(f"{PLACE}/openapi.json")).body)
        return page(
            BEGIN,
            "## What holds for every answer",
            *map(prose, document["info"]["description"].split("\n\n")),
            *await _headers(sample),
            "## Parameters",
            _parameters(document["components"]["parameters"]),
            "## Addresses",
            *await _operations(document["paths"], sample),
            "## Objects",
            *(part for name, node in sorted(_schemas(document).items()) for part in _object(name, node)),
            FORMS,
            _forms(),
            CALLS,
            *await _calls(sample),
        )


async def _headers(sample: Sample) -> Iterator[str]:
    """The headers of a good answer, and a bad one."""
    good, wrong = await sample.ask(PLACE + ASKED["/stories"]), await sample.ask(PLACE + WRONG)
    told = "\n".join(f"{name}: {good.headers[name]}" for name in HEADERS)
    return iter(
        (
            f"The headers of {code(ASKED['/stories'])}:",
            fence(_steady(told, sample)),
            f"What is wrong is said so, here in {code(WRONG)}:",
            _body(wrong, sample, set()),
        )
    )


def _parameters(nodes: Node) -> str:
    def row(name: str, node: Node) -> tuple[str, ...]:
        (example,) = node["examples"].values()
        value = example["value"]
        shown = value[0] if isinstance(value, list) else value
        return code(name), _type(node["schema"]), prose(node["description"]), code(shown)

    return table(("Parameter", "Type", "Meaning", "Example"), (row(n, node) for n, node in nodes.items()))


async def _operations(nodes: Node, sample: Sample) -> list[str]:
    shown = set[str]()
    return [part for path, node in nodes.items() for part in await _operation(path, node["get"], sample, shown)]


async def _operation(path: str, node: Node, sample: Sample, shown: set[str]) -> Iterator[str]:
    asked = PLACE + await _filled(ASKED[path], sample)
    named = [p["$ref"].rpartition("/")[2] for p in node.get("parameters", ()) if "$ref" in p]
    answers = ((code(status), _answered(answer)) for status, answer in sorted(node["responses"].items()))
    return iter(
        (
            f"### GET {path}",
            prose(node["description"]),
            f"Parameters: {', '.join(map(code, named))}." if named else "",
            table(("Status", "Answer"), answers),
            fence(f"GET {asked}"),
            _body(await sample.ask(asked), sample, shown),
        )
    )


def _answered(answer: Node) -> str:
    """What an answer is, and the headers that others have not."""
    models = [c["schema"] for c in answer.get("content", {}).values() if "$ref" in c.get("schema", {})]
    said = answer["description"].rstrip(".")
    headers = [name for name in answer.get("headers", {}) if name not in {"ETag", "Link"}]
    told = [_type(m) for m in models] or [prose(said)]
    return ", ".join(told) + "".join(f"; header {code(name)}" for name in headers)


async def _filled(asked: str, sample: Sample) -> str:
    """With the ids of things that are there."""
    (story,) = json.loads((await sample.ask(PLACE + ASKED["/stories"])).body)["items"]
    (bulletin,) = json.loads((await sample.ask(PLACE + ASKED["/bulletins"])).body)["items"]
    return asked.format(story_id=story["id"], statement_id=story["lead"]["id"], number=bulletin["number"])


def _body(answer: Answer, sample: Sample, shown: set[str]) -> str:
    """The body of an answer; `shown` are the addresses of what stood above, to which this adds."""
    if re.search(r"json\b", answer.headers["content-type"]):
        told = json.dumps(_cut(json.loads(answer.body), shown), ensure_ascii=False, indent=2)
        return fence(_steady(told, sample), "json")
    lines = answer.body.splitlines()
    return fence(_steady("\n".join(lines[: 2 if lines[0][:1] != "{" else 1]), sample))


def _cut(value: Any, shown: set[str], *, within: bool = False) -> Any:
    """With lists cut to their first entry, and what stood above and is within something else to its names."""
    if isinstance(value, list):
        return [_cut(one, shown, within=True) for one in value[:1]]
    if not isinstance(value, dict):
        return value
    if within and value.get("self") in shown:
        return {name: value[name] for name in ("id", "number", "self") if name in value}
    shown.add(value.get("self", ""))
    return {name: _cut(one, shown, within=True) for name, one in value.items()}


def _steady(text: str, sample: Sample) -> str:
    """Without what is another with each version of rules and templates."""
    return _HASH.sub("…", text.replace(sample.newsroom.rules.version, "…"))


def _schemas(document: Node) -> dict[str, Node]:
    schemas: dict[str, Node] = document["components"]["schemas"]
    return schemas


def _object(name: str, node: Node) -> Iterator[str]:
    yield f"### {name}"
    yield prose(node["description"])
    yield table(
        ("Field", "Type", "Meaning"),
        ((code(field), _type(said), prose(said.get("description", ""))) for field, said in node["properties"].items()),
    )


def _type(node: Node) -> str:
    return worded(node, lambda name: f"[{name}](#{name.lower()})")


def _forms() -> str:
    feeds = ((f".{ending}", one.media_type, "feed") for ending, one in FORMATS.items())
    styles = ((f".{ending}", one.media_type, "citation") for ending, one in STYLES.items())
    files = ((f".{ending}", media_type, "file") for ending, media_type in MEDIA_TYPES.items())
    rows = (
        (what, code(ending), code(media_type.partition(";")[0]))
        for ending, media_type, what in (*feeds, *styles, *files)
    )
    return table(("What", "Ending", "Media type"), rows)


async def _calls(sample: Sample) -> Iterator[str]:
    """What calls say, and one of them."""
    story_id = await _filled("{story_id}", sample)
    story = (await sample.newsroom.statements.named([story_id]))[story_id]
    call = Call("newsroom", "", Event.STORY_NEW, story_id, at=NOW, found_at=NOW, due_at=NOW)
    said = content(call, Hook("newsroom", "", ()), story, Words(SITE, plain, lambda url: address(url).url))
    rows = ((code(event), code(event.kind), prose(meaning)) for event, meaning in EVENTS.items())
    example = json.dumps(json.loads(said), ensure_ascii=False, indent=2)
    return iter((table(("`type`", "In `events`", "What happened"), rows), fence(example, "json")))
