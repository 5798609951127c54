"""``nkwatch case``: the public pages of cases. One makes relatives findable: so each is an editor's decision."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, Json, answer, end, rows, say
from nkwatch.cli.signing import By, signed
from nkwatch.domain.casepage import Candidate, CasePage, CaseWords, Extent, problems_of
from nkwatch.domain.passkey import Act
from nkwatch.domain.problems import ConfigError
from nkwatch.mail.compose import FALLBACK

#: How far back candidates are looked for, and how many are shown, unless told otherwise.
DAYS, SHOWN = 90, 30

case_app = typer.Typer(
    help="Pages of cases: open and close them, and see who is named most.",
    no_args_is_help=True,
)

Key = Annotated[str, typer.Argument(metavar="KEY", help="The key of the case, as `case list --candidates` shows it.")]


@case_app.command("open")
def open_page(
    context: typer.Context,
    key: Key,
    heading: Annotated[str, typer.Option(help="What stands above the page.")],
    words: Annotated[str, typer.Option(help="What this case is, in your own words; signed with your name.")],
    language: Annotated[str, typer.Option(help="The language of both. Call again for another one.")] = FALLBACK,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Open the public page of a case, or change what it says in a language.

    The page lists every public statement that names the case. Ask the family before, where there is one.

    Example: nkwatch case open "kim ok" --heading "Kim Ok" --words "Held since 2019." --language en --by Ann
    """

    async def work(newsroom: Newsroom, editor: str) -> CasePage | None:
        said = CaseWords(language, heading.strip(), words.strip(), editor, newsroom.clock())
        if problems := problems_of(said, (FALLBACK, *newsroom.translations)):
            raise ConfigError(*problems)
        acts = newsroom.editors.acts
        return await acts.noted(Act.OPEN_CASE, f"case {acts.mark(key)}", editor, newsroom.cases.open(key, said))

    page = signed(context, by, work)
    if page is None:
        end(f"no statement names the case {key!r}; see `nkwatch case list --candidates`", FAILED)
    answer({"case": page.key, "page": f"/cases/{page.id}", "languages": _languages(page)}, as_json=as_json)


@case_app.command("close")
def close_page(context: typer.Context, key: Key, by: By = "", as_json: Json = False) -> None:
    """Take the page of a case away. Its address then answers like one that never was.

    Example: nkwatch case close "kim ok" --by Ann
    """

    async def work(newsroom: Newsroom, editor: str) -> bool:
        acts, done = newsroom.editors.acts, newsroom.cases.close(key, editor, newsroom.clock())
        return await acts.noted(Act.CLOSE_CASE, f"case {acts.mark(key)}", editor, done)

    if not signed(context, by, work):
        end(f"the case {key!r} has no page; see `nkwatch case list`", FAILED)
    answer({"case": key, "closed": True}, as_json=as_json)


@case_app.command("list")
def list_pages(
    context: typer.Context,
    candidates: Annotated[bool, typer.Option("--candidates", help="The keys that statements name most.")] = False,
    days: Annotated[int, typer.Option(min=1, max=3650, help="For candidates: how far back.")] = DAYS,
    limit: Annotated[int, typer.Option(min=1, max=500, help="For candidates: how many.")] = SHOWN,
    as_json: Json = False,
) -> None:
    """List the open pages, or with --candidates the keys that most statements name lately.

    Example: nkwatch case list --candidates --days 30
    """

    async def work(newsroom: Newsroom) -> list[dict[str, Any]]:
        now = newsroom.clock()
        if candidates:
            return [_candidate(c) for c in await newsroom.cases.candidates(now - timedelta(days=days), limit)]
        return [_opened(page, extent) for page, extent in await newsroom.cases.pages(now)]

    found = in_newsroom(context, work)
    rows(found, as_json=as_json, empty="nobody is named" if candidates else "no page is open")
    if candidates and found:
        say("a key is what names of one spelling have in common; it is not shown to readers")


def _candidate(one: Candidate) -> dict[str, Any]:
    newest = one.newest
    return {
        "key": one.key,
        "statements": one.statements,
        "newest": newest.published,
        "title": newest.title,
        "page": "open" if one.open else "",
    }


def _opened(page: CasePage, extent: Extent | None) -> dict[str, Any]:
    return {
        "key": page.key,
        "page": f"/cases/{page.id}",
        "heading": page.words[0].heading,
        "languages": _languages(page),
        "by": page.words[0].editor,
        "opened": page.opened_at,
        "statements": extent.statements if extent else 0,
    }


def _languages(page: CasePage) -> str:
    return ", ".join(w.language for w in page.words)
