"""``nkwatch digest``: what editors do with digests and the stories in them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.deferring import Later, deferring
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import WRONG, Json, Yes, answer, confirmed, end, say
from nkwatch.cli.signing import TELLS, By, Say, signed, signer, taken, words
from nkwatch.cli.switching import DryRun
from nkwatch.domain.desk import Marks, Note
from nkwatch.domain.subscriber import Rhythm
from nkwatch.mail.compose import FALLBACK
from nkwatch.workflow.closing import Digested
from nkwatch.workflow.correct import Refused
from nkwatch.workflow.desk import Corrected, Marked

COMMANDS = {
    "preview": Later(
        "previewing:preview",
        "Show the digest that a reader of any kind would get, of the open window or any other. Nothing is sent.",
    ),
    "test": Later(
        "previewing:proof",
        "Mail that digest to an editor, and to nobody else; its subject begins with [TEST].",
    ),
}

digest_app = typer.Typer(
    help="Digests: preview, send, and say what of a story goes into them.",
    no_args_is_help=True,
    cls=deferring(COMMANDS),
)

StoryId = Annotated[str, typer.Argument(metavar="STORY", help="The story's id.")]
Off = Annotated[bool, typer.Option("--off", help="Take it back.")]


@digest_app.command("send")
def send(
    context: typer.Context,
    rhythm: Annotated[Rhythm, typer.Option(help="Whose digests: daily, weekly or monthly.")] = Rhythm.WEEKLY,
    by: By = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Close the open windows of everybody with this rhythm now, instead of at their hour. It cannot be undone.

    Example: nkwatch digest send --rhythm weekly --dry-run
    """
    asked = f"Send everybody's {rhythm} digest now (--dry-run says what that is)?"
    confirmed(asked, yes=yes or dry_run, only_people=True)

    async def work(newsroom: Newsroom) -> Digested:
        if dry_run:
            return taken(await newsroom.digests.send_now(rhythm, dry=True))
        return taken(await newsroom.editors.acts.send_now(rhythm, signer(newsroom.config, by)))

    answer(in_newsroom(context, work), as_json=as_json)
    if dry_run:
        say("nothing was written")


@digest_app.command("hold")
def hold(context: typer.Context, story: StoryId, by: By = "", off: Off = False, as_json: Json = False) -> None:
    """Keep a story out of alerts and digests; with --off it is news again, for everybody who did not have it.

    Example: nkwatch digest hold mfrggzdfmztwq2lk --by Ann; nkwatch digest hold mfrggzdfmztwq2lk --off
    """
    made = signed(context, by, lambda newsroom, editor: newsroom.editors.acts.hold(story, editor, on=not off))
    _marked(made, as_json=as_json)


@digest_app.command("pin")
def pin(context: typer.Context, story: StoryId, by: By = "", off: Off = False, as_json: Json = False) -> None:
    """Let a story lead every digest that holds it.

    Example: nkwatch digest pin mfrggzdfmztwq2lk --by Ann
    """
    made = signed(context, by, lambda newsroom, editor: newsroom.editors.acts.pin(story, editor, on=not off))
    _marked(made, as_json=as_json)


@digest_app.command("drop")
def drop(context: typer.Context, story: StoryId, by: By = "", off: Off = False, as_json: Json = False) -> None:
    """Keep a story out of every digest; it stays on the site.

    Example: nkwatch digest drop mfrggzdfmztwq2lk --by Ann
    """
    made = signed(context, by, lambda newsroom, editor: newsroom.editors.acts.drop(story, editor, on=not off))
    _marked(made, as_json=as_json)


@digest_app.command("note")
def note(
    context: typer.Context,
    story: StoryId,
    sentences: Say = [],  # noqa: B006  # typer copies it
    by: By = "",
    off: Off = False,
    as_json: Json = False,
) -> None:
    """Put words of your own beside a story, signed with your name.

    Example: nkwatch digest note mfrggzdfmztwq2lk --by Ann --say "en=The hearing is on Friday."
    """

    async def work(newsroom: Newsroom) -> Marked | Refused:
        said = () if off else words(sentences, (FALLBACK, *newsroom.translations))
        return await newsroom.editors.acts.note(story, said, signer(newsroom.config, by))

    _marked(in_newsroom(context, work), as_json=as_json)


@digest_app.command("translate")
def translate(
    context: typer.Context,
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help="The id of the statement that leads.")],
    language: Annotated[str, typer.Option(help="The language that you translated it into, such as ko.")],
    title: Annotated[str, typer.Option(help="The title in that language.")] = "",
    text: Annotated[Path | None, typer.Option(help="A file with the text, or with its first sentences.")] = None,
    by: By = "",
    off: Off = False,
    as_json: Json = False,
) -> None:
    """Keep your own translation of a statement. It leads for readers of that language, as yours, beside the original.

    Example: nkwatch digest translate mfrggzdfmztwq2lk --language ko --title "..." --text korean.txt --by Ann
    """
    if off == bool(title):
        end("give --title, or --off to take a translation away", WRONG)
    try:
        told = text.read_text("utf-8") if text and not off else ""
    except (OSError, UnicodeDecodeError) as wrong:
        end(f"{text}: cannot be read: {wrong}", WRONG)
    kept = taken(
        signed(
            context,
            by,
            lambda newsroom, editor: newsroom.editors.acts.translate(statement, language, title, told, editor),
        )
    )
    answer({"statement": kept.statement_id, "language": kept.language, "title": kept.title}, as_json=as_json)


@digest_app.command("correct")
def correct(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The number of the digest, as in its mails.")],
    sentences: Say = [],  # noqa: B006  # typer copies it
    by: By = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Tell everybody who got this digest, or may have got it, what was wrong in it.

    Example: nkwatch digest correct 12 --by Ann --say "en=The second story named the wrong town." --dry-run
    """
    confirmed(TELLS, yes=yes or dry_run, only_people=True)

    async def work(newsroom: Newsroom) -> Corrected:
        said, editor = words(sentences, (FALLBACK, *newsroom.translations)), signer(newsroom.config, by)
        if dry_run:
            return taken(await newsroom.digests.correct_digest(number, said, editor, dry=True))
        return taken(await newsroom.editors.acts.correct_digest(number, said, editor))

    answer(in_newsroom(context, work), as_json=as_json)


def _marked(made: Marked | Refused, *, as_json: bool) -> None:
    done = taken(made)
    answer({"story": done.story_id} | _marks(done.marks), as_json=as_json)


def _marks(marks: Marks) -> dict[str, Any]:
    def said(words: Note | None) -> str:
        return f"{words.words[0][1]} ({words.editor})" if words else ""

    return {
        "held": marks.held,
        "pinned": marks.pinned,
        "dropped": marks.dropped,
        "note": said(marks.note),
        "correction": said(marks.correction),
        "withdrawn": marks.withdrawn,
        "translations": ", ".join(t.language for t in marks.translations),
    }
