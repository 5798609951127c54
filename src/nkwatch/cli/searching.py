"""``nkwatch search``: what the archive has, as its pages find it."""

from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.asking import Several, asked_for
from nkwatch.cli.completing import all_sources
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import Json, rows, say
from nkwatch.domain.search import Hit, Query
from nkwatch.mail.views import plain
from nkwatch.web.asking import quoted
from nkwatch.web.views import SHORT, said

#: Of a title in a table, in columns.
NARROW = 90


def search(
    context: typer.Context,
    words: Annotated[
        Several,
        typer.Argument(
            metavar="WORD", help="Words and phrases, all of which must stand there; kore* finds what begins so."
        ),
    ] = None,
    theme: Annotated[Several, typer.Option(help="The code of a theme. May be repeated.")] = None,
    source: Annotated[
        Several, typer.Option(help="The id of a source. May be repeated.", autocompletion=all_sources)
    ] = None,
    country: Annotated[Several, typer.Option(help="A country of publishers, such as KR. May be repeated.")] = None,
    language: Annotated[Several, typer.Option(help="A language of texts, such as ko. May be repeated.")] = None,
    asked: Annotated[
        Several, typer.Option(help="A country of whom something is demanded, such as CN. May be repeated.")
    ] = None,
    since: Annotated[str, typer.Option(help="The first day (UTC): 2026-01-31, 2026-01 or 2026.")] = "",
    until: Annotated[str, typer.Option(help="The last day (UTC).")] = "",
    urgency: Annotated[str, typer.Option(help="The least urgency: urgent, notable or routine.")] = "",
    speaker: Annotated[str, typer.Option(help="Who is quoted.")] = "",
    addressee: Annotated[str, typer.Option(help="Of whom something is demanded.")] = "",
    rights: Annotated[bool, typer.Option("--rights", help="Only what is on human rights.")] = False,
    limit: Annotated[int, typer.Option(help="So many at most.", min=1)] = 30,
    as_json: Json = False,
) -> None:
    """Find statements on North Korea that may be shown, the newest first, as the site does.

    Example: nkwatch search "prison camp" 북한 --theme prisons --since 2025
    """
    typed: dict[str, Several] = {
        "q": [w if '"' in w else quoted(w) for w in words or ()],
        "theme": theme,
        "source": source,
        "country": country,
        "language": language,
        "asked": asked,
        "since": [since],
        "until": [until],
        "urgency": [urgency],
        "speaker": [speaker],
        "addressee": [addressee],
        "rights": ["yes"] if rights else None,
    }

    async def work(newsroom: Newsroom) -> list[dict[str, Any]]:
        query = asked_for(newsroom, typed)
        await _tell(newsroom, query)
        found = await newsroom.search.newest(query, newsroom.clock(), limit)
        return [_record(hit) if as_json else _line(hit) for hit in found.hits]

    rows(in_newsroom(context, work), as_json=as_json, empty="nothing was found")


async def _tell(newsroom: Newsroom, query: Query) -> None:
    count = await newsroom.search.count(query, newsroom.clock())
    say(f"{'more than ' if count.more else ''}{count.statements} found")


def _record(hit: Hit) -> dict[str, Any]:
    one, reading = hit.report.statement, hit.report.reading
    shown = said(one, SHORT, hit.report.by)
    return {
        "id": one.id,
        "story": hit.story_id,
        "published": one.published,
        "published_estimated": one.published_estimated,
        "publisher": plain(one.publisher),
        "by": plain(hit.report.by),
        "source": one.source_id,
        "language": one.language,
        "title": shown.title,
        "excerpt": shown.excerpt,
        "url": plain(one.url),
        "themes": [f.code for f in reading.themes],
        "urgency": reading.urgency.name.lower(),
    }


def _line(hit: Hit) -> dict[str, Any]:
    one = hit.report.statement
    title = said(one, 0, hit.report.by).title
    return {
        "id": one.id,
        "published": one.published,
        "by": plain(hit.report.by),
        "title": title if len(title) <= NARROW else f"{title[: NARROW - 1]}…",
        "story": hit.story_id,
    }
