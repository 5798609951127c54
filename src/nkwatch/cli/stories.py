"""``nkwatch story``: what editors do where stories were put together wrongly, or left apart."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.layout import show as shown
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, Json, answer, end, say
from nkwatch.cli.signing import By, Why, signed
from nkwatch.cli.switching import DryRun
from nkwatch.domain.merging import Merged, Obstacle, Split, Unfit, story_named
from nkwatch.domain.story import Story
from nkwatch.store.traces import StoryTrace

T = TypeVar("T", Merged, Split)
story_app = typer.Typer(help="Stories: show one, merge several into one, split statements off.", no_args_is_help=True)

StoryName = Annotated[str, typer.Argument(metavar="STORY", help="The story's id, or the address of its page.")]

#: Why it is not done, and what to do instead; `{thing}` is the story or statement in the way, `{into}` where it went.
REFUSALS: Mapping[Obstacle, str] = {
    Obstacle.NO_STORY: "no story with the id {thing!r} has any statement; see `nkwatch search` or `nkwatch explain`",
    Obstacle.ITSELF: "{thing} cannot go into itself; name another story first, which is to take it in",
    Obstacle.MERGED: "{thing} was merged into {into} already; name that one instead",
    Obstacle.TAKEN_BACK: "{thing} was withdrawn or corrected, and its readers were told so; let it take in the other"
    " story instead",
    Obstacle.HELD: "{thing} is held, and the story that is to take it in is not: free it first, or hold both"
    " (`nkwatch digest hold`)",
    Obstacle.OLD: "the story that is to take it in was only imported and is no news, {thing} is: merge them the other"
    " way round",
    Obstacle.LEAVING: "the alert on {thing} is leaving: try again in a minute, or stop it first (`nkwatch alert stop`)",
    Obstacle.NO_STATEMENT: "no statement with the id {thing!r} stands in a story; `nkwatch story show` lists them",
    Obstacle.SEVERAL: "these statements stand in several stories; split them off one story after the other",
    Obstacle.NAMESAKE: "{thing} gave the story its name and stays in it; split the others off instead",
    Obstacle.ALL: "nothing would be left in {thing}; leave at least one statement in it",
    Obstacle.TAKEN: "the story that {thing} opened has other reports; `nkwatch story merge` puts stories together",
}


@story_app.command("show")
def show(context: typer.Context, story: StoryName, as_json: Json = False) -> None:
    """Show the statements of a story with their ids, and what was merged into it.

    Example: nkwatch story show mfrggzdfmztwq2lk
    """
    name = story_named(story)

    async def work(newsroom: Newsroom) -> dict[str, Any] | None:
        traced = await newsroom.traces.story(name)
        if traced is None:
            return None
        found = await newsroom.statements.stories([traced.id])
        return _told(name, traced, found[0] if found else None)

    told = in_newsroom(context, work)
    if told is None:
        end(f"no story has the id {name!r}", FAILED)
    if as_json:
        answer(told, as_json=True)
    else:
        shown({"kind": "story", **told})


def _told(name: str, traced: StoryTrace, story: Story | None) -> dict[str, Any]:
    reports = sorted(story.reports, key=lambda r: (r.statement.first_seen, r.statement.id)) if story else ()
    return {
        "id": traced.id,
        "asked_for": name if name != traced.id else None,
        "ready_at": traced.ready_at,
        "freed_at": traced.freed_at,
        "alert": str(traced.alert),
        "alert_reason": traced.alert_reason,
        "statements": [
            {
                "id": r.statement.id,
                "title": r.statement.title,
                "by": r.by,
                "published": r.statement.published,
                "leads": story is not None and r is story.lead,
            }
            for r in reports
        ],
        "took_in": [{"id": one.id, "by": one.by, "at": one.at} for one in traced.took_in],
    }


@story_app.command("merge")
def merge(
    context: typer.Context,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The story that takes in the others: id or address.")],
    others: Annotated[list[str], typer.Argument(metavar="FROM", help="The stories that go into it.")],
    by: By = "",
    note: Why = "",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Let one story take in others that report the same. Their pages lead to it from then on.

    Who had one of them is not told of it again. `nkwatch story split` of what came with a story undoes it.

    Example: nkwatch story merge mfrggzdfmztwq2lk ovxgs5dfmfzxg2lp --by Ann --dry-run
    """
    name, names = story_named(into), [story_named(o) for o in others]

    async def work(newsroom: Newsroom, editor: str) -> Merged | Unfit:
        if dry_run:
            return await newsroom.stories.merge(name, names, editor, note, dry=True)
        return await newsroom.editors.acts.merge(name, names, editor, note)

    done = _fit(signed(context, by, work))
    told = {"into": done.into, "stories": done.stories, "statements": done.statements, "alerts_ended": done.ended}
    _answer(told, dry_run=dry_run, as_json=as_json)


@story_app.command("split")
def split(
    context: typer.Context,
    statements: Annotated[
        list[str], typer.Argument(metavar="STATEMENT", help="Ids, from `nkwatch story show`; all of one story.")
    ],
    by: By = "",
    note: Why = "",
    news: Annotated[bool, typer.Option("--news", help="It is news again for everybody who did not have it.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Let statements of one story make a story of their own, and stay apart from then on.

    Without --news only windows that are still open tell of it: readers of the others had it with the old story.

    Example: nkwatch story split ovxgs5dfmfzxg2lp --by Ann --note "another camp" --dry-run
    """

    async def work(newsroom: Newsroom, editor: str) -> Split | Unfit:
        if dry_run:
            return await newsroom.stories.split(statements, editor, note, news=news, dry=True)
        return await newsroom.editors.acts.split(statements, editor, note, news=news)

    done = _fit(signed(context, by, work))
    told = {
        "story": done.story,
        "of": done.of,
        "statements": done.statements,
        "reopened": done.reopened,
        "news": done.news,
        "alert_asked": done.asked,
    }
    _answer(told, dry_run=dry_run, as_json=as_json)


def _fit(done: T | Unfit) -> T:
    """What was done. Ends the command where it could not be."""
    if isinstance(done, Unfit):
        end(REFUSALS[done.obstacle].format(thing=done.thing, into=done.into), FAILED)
    return done


def _answer(told: dict[str, Any], *, dry_run: bool, as_json: bool) -> None:
    flat = {name: " ".join(value) if isinstance(value, tuple) else value for name, value in told.items()}
    answer({**(told if as_json else flat), "written": not dry_run}, as_json=as_json)
    if dry_run:
        say("nothing was written")
