"""``nkwatch alert``: what editors rule on alerts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.completing import sources_on
from nkwatch.cli.editors import OPERATOR
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, Json, Yes, answer, confirmed, end, plain_errors, rows, say
from nkwatch.cli.settings_file import read_settings, with_trusted
from nkwatch.cli.signing import TELLS, By, Say, Why, signed, signer, words
from nkwatch.cli.switching import DryRun, save, unknown
from nkwatch.config import load_config
from nkwatch.domain.alert import Told
from nkwatch.domain.passkey import Act
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role
from nkwatch.domain.story import Story
from nkwatch.editing.alerts import NEWS_LASTS
from nkwatch.mail.compose import FALLBACK
from nkwatch.workflow.ruled import Outcome, Ruled

alert_app = typer.Typer(help="Alerts: release, withhold, stop, and say what was wrong.", no_args_is_help=True)

StoryId = Annotated[str, typer.Argument(metavar="STORY", help="The story's id, from `nkwatch alert list`.")]

#: Why a ruling was not taken.
REFUSALS = {
    Outcome.NO_STORY: "no such story; see `nkwatch alert list`",
    Outcome.NOT_WAITING: "no alert on this story waits; see `nkwatch alert list`",
    Outcome.ALREADY_SENT: "it was released already; `nkwatch alert stop` keeps back what has not left, "
    "`withdraw` and `correct` tell those who got it",
    Outcome.SAME_PERSON: "you have released it already: a second editor must release it too (alerts.persons = 2)",
    Outcome.UNSIGNED: "say who you are, with --by NAME",
    Outcome.UNSAID: "tell readers what was wrong, with --say",
    Outcome.NEVER_TOLD: "no alert on this story was told to anybody, so there is nothing to take back",
}


@alert_app.command("list")
def list_alerts(
    context: typer.Context,
    sent: Annotated[bool, typer.Option("--sent", help="Those that went out instead, the newest first.")] = False,
    as_json: Json = False,
) -> None:
    """List the alerts that wait for an editor, the oldest first; or those that went out.

    Example: nkwatch alert list
    """

    async def work(newsroom: Newsroom) -> list[dict[str, Any]]:
        found = await (newsroom.statements.sent_alerts() if sent else newsroom.statements.held_alerts())
        return [await _told(newsroom, s) if sent else await _waiting(newsroom, s) for s in found]

    empty = "no alert went out yet" if sent else "no alert waits"
    rows(in_newsroom(context, work), as_json=as_json, empty=empty)


async def _waiting(newsroom: Newsroom, story: Story) -> dict[str, Any]:
    released = [r.editor for r in await newsroom.desk.rulings(story.id) if r.kind == "release"]
    return _line(story) | {
        "cues": ", ".join(dict.fromkeys(e.phrase for r in story.reports for e in r.reading.cues)),
        "held because": story.alert_reason,
        "released by": ", ".join(released),
    }


async def _told(newsroom: Newsroom, story: Story) -> dict[str, Any]:
    told: Told | None = await newsroom.outbox.told(story.id)
    affected = await newsroom.rulings.affected(story.id)
    return _line(story) | {
        "number": told.number if told else None,
        "sent": told.at if told else None,
        "readers": affected.readers,
        "because": story.alert_reason,
        "taken back": "withdrawn" if story.marks.withdrawn else "corrected" if story.marks.correction else "",
    }


def _line(story: Story) -> dict[str, Any]:
    lead = story.lead.statement
    return {"story": story.id, "title": lead.title, "publisher": lead.publisher, "published": lead.published}


@alert_app.command("release")
def release(context: typer.Context, story: StoryId, by: By = "", note: Why = "", as_json: Json = False) -> None:
    """Let a held alert go; it leaves with the next round. With alerts.persons = 2 it takes two editors.

    Example: nkwatch alert release mfrggzdfmztwq2lk --by Ann
    """

    async def ruling(newsroom: Newsroom, editor: str) -> Ruled:
        for old in await newsroom.statements.stories([story]):
            age = newsroom.clock() - max(r.statement.published for r in old.reports)
            if age > NEWS_LASTS:
                say(f"its newest report is {age.days} days old; `nkwatch alert stop {story}` still keeps it back")
        return await newsroom.editors.acts.release(story, editor, note)

    _answer(story, signed(context, by, ruling), as_json=as_json)


@alert_app.command("withhold")
def withhold(context: typer.Context, story: StoryId, by: By = "", note: Why = "", as_json: Json = False) -> None:
    """Keep a held alert back; the story still stands in the digests.

    Example: nkwatch alert withhold mfrggzdfmztwq2lk --by Ann --note "an anniversary"
    """
    ruled = signed(context, by, lambda newsroom, editor: newsroom.editors.acts.withhold(story, editor, note))
    _answer(story, ruled, as_json=as_json)


@alert_app.command("stop")
def stop(context: typer.Context, story: StoryId, by: By = "", note: Why = "", as_json: Json = False) -> None:
    """Cancel every mail of this alert that has not left yet, at once.

    Example: nkwatch alert stop mfrggzdfmztwq2lk --by Ann
    """
    ruled = signed(context, by, lambda newsroom, editor: newsroom.editors.acts.stop(story, editor, note))
    _answer(story, ruled, as_json=as_json)


@alert_app.command("withdraw")
def withdraw(
    context: typer.Context,
    story: StoryId,
    sentences: Say = [],  # noqa: B006  # typer copies it
    by: By = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Tell everybody who got this alert, or may have got it, that it was wrong. What has not left is stopped.

    Example: nkwatch alert withdraw mfrggzdfmztwq2lk --by Ann --say "en=The report was retracted by its publisher."
    """
    confirmed(TELLS, yes=yes or dry_run, only_people=True)
    _take_back(context, story, sentences, by, dry_run=dry_run, as_json=as_json, whole=True)


@alert_app.command("correct")
def correct(
    context: typer.Context,
    story: StoryId,
    sentences: Say = [],  # noqa: B006  # typer copies it
    by: By = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Tell everybody who got this alert, or may have got it, what was wrong in it. What has not left is stopped.

    Example: nkwatch alert correct mfrggzdfmztwq2lk --by Ann --say "en=It happened in Tumen, not in Dandong."
    """
    confirmed(TELLS, yes=yes or dry_run, only_people=True)
    _take_back(context, story, sentences, by, dry_run=dry_run, as_json=as_json, whole=False)


def _take_back(
    context: typer.Context, story: str, sentences: list[str], by: str, *, dry_run: bool, as_json: bool, whole: bool
) -> None:
    async def work(newsroom: Newsroom) -> Ruled | dict[str, Any]:
        if dry_run:
            affected = await newsroom.rulings.rehearse(story)
            if isinstance(affected, Ruled):
                return affected
            numbers = {"bulletins": list(affected.bulletins), "digests": list(affected.digests)}
            return numbers | {"readers": affected.readers, "written": False}
        said = words(sentences, (FALLBACK, *newsroom.translations))
        editor = signer(newsroom.config, by)
        acts = newsroom.editors.acts
        ruling = acts.withdraw if whole else acts.correct_alert
        return await ruling(story, said, editor)

    done = in_newsroom(context, work)
    if isinstance(done, Ruled):
        _answer(story, done, as_json=as_json)
    else:
        _say_digests(done["digests"])
        answer(done, as_json=as_json)


Days = Annotated[int, typer.Option(min=1, help="Of the last so many days.")]


@alert_app.command("precision")
def precision(context: typer.Context, days: Days = 365, as_json: Json = False) -> None:
    """Show how often each source's urgent statements were right, by what editors ruled on them.

    Example: nkwatch alert precision --days 90
    """
    found = in_newsroom(context, lambda newsroom: _precisions(newsroom, days))
    rows(found, as_json=as_json, empty="no alert was ruled on yet")


@alert_app.command("trust")
def trust(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="The id of a primary source.", autocompletion=sources_on)
    ],
    off: Annotated[bool, typer.Option("--off", help="Its alerts wait for an editor again.")] = False,
    yes: Yes = False,
    days: Days = 365,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Let alerts of a primary source go out by themselves, once you have seen how often it was right.

    Example: nkwatch alert trust hrw-north-korea; nkwatch alert trust hrw-north-korea --off
    """
    measured = in_newsroom(context, lambda newsroom: _measured(newsroom, source, days))
    if not off:
        say(_sentence(source, measured, days))
        confirmed("Shall its alerts go out without an editor?", yes=yes or dry_run)
    with plain_errors():
        trusted = [i for i in load_config(context.obj).alerts.trusted if i != source]
        before = read_settings(context.obj)
        save(context.obj, before, with_trusted(before, trusted if off else [*trusted, source]), dry_run=dry_run)
    if not dry_run:
        told = {"trusted": not off}
        in_newsroom(context, lambda newsroom: newsroom.editors.acts.did(Act.TRUST, source, OPERATOR, told))
    answer(measured | {"source": source, "trusted": not off, "written": not dry_run}, as_json=as_json)


async def _measured(newsroom: Newsroom, source_id: str, days: int) -> dict[str, Any]:
    if problems := unknown([source_id], newsroom.sources):
        raise ConfigError(*problems)
    if newsroom.sources[source_id].role is not Role.STATEMENT:
        raise ConfigError(f"{source_id} is no primary source: its alerts always wait for an editor")
    found = {p["source"]: p for p in await _precisions(newsroom, days)}
    return found.get(source_id, {"right": 0, "wrong": 0, "waiting": 0, "precision": None})


def _sentence(source: str, measured: dict[str, Any], days: int) -> str:
    right, wrong = measured["right"], measured["wrong"]
    if not right + wrong:
        return (
            f"{source}: editors have ruled on none of its alerts in {days} days, so nobody knows how often it is right"
        )
    return f"{source}: of {right + wrong} alerts on which editors ruled in {days} days, {right} were right"


async def _precisions(newsroom: Newsroom, days: int) -> list[dict[str, Any]]:
    found = await newsroom.desk.precisions(newsroom.clock() - timedelta(days=days))
    trusted = {s.id for s in newsroom.sources.values() if s.alerts}
    return [
        {
            "source": p.source_id,
            "right": p.right,
            "wrong": p.wrong,
            "waiting": p.waiting,
            "precision": round(p.right / (p.right + p.wrong), 2) if p.right + p.wrong else None,
            "trusted": p.source_id in trusted,
        }
        for p in found
    ]


def _say_digests(numbers: Sequence[int]) -> None:
    """Who read a story in a digest is told by a correction of that digest."""
    for number in numbers:
        say(f'digest {number} told of it, too; its readers are told by: nkwatch digest correct {number} --say "en=..."')


def _answer(story: str, ruled: Ruled, *, as_json: bool) -> None:
    _say_digests(ruled.digests)
    if not ruled.done:
        end(f"{story!r}: {REFUSALS[ruled.outcome]}", FAILED)
    if ruled.outcome is Outcome.NEEDS_SECOND:
        say("noted; a second editor must release it too (alerts.persons = 2)")
    if ruled.lacking:
        say(f"{ruled.lacking} readers could not be told: mend the template named above, then run this once more")
    told: dict[str, Any] = {"outcome": str(ruled.outcome), "cancelled": ruled.cancelled, "told": ruled.told}
    if ruled.digests:
        told["digests"] = list(ruled.digests) if as_json else ", ".join(map(str, ruled.digests))
    answer(told, as_json=as_json)
