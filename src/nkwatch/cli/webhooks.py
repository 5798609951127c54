"""``nkwatch webhooks``: programs that are told of stories, alerts and corrections."""

import base64
import os
import sys
from collections.abc import Collection, Mapping
from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.completing import webhooks
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, Json, answer, end, plain_errors, rows, say
from nkwatch.cli.secrets_file import edited, replace_secrets
from nkwatch.cli.settings_file import read_settings
from nkwatch.config import Config, load_config, load_secrets
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.webhook import PREFIX, Call, CallState, Hook, Line

webhooks_app = typer.Typer(help="Programs that are told of stories, alerts and corrections.", no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The name of a webhook in the settings.", autocompletion=webhooks)
]
#: Octets of a new secret, and calls that are listed.
OCTETS, LISTED = 32, 50


@webhooks_app.command("list")
def list_webhooks(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Its newest calls, instead of all webhooks.", autocompletion=webhooks),
    ] = "",
    as_json: Json = False,
) -> None:
    """List the webhooks with how it goes with each; or the newest calls of one.

    Example: nkwatch webhooks list newsdesk
    """

    async def work(newsroom: Newsroom) -> list[dict[str, Any]]:
        part = newsroom.webhooks
        if name:
            _hook(part.hooks, name)
            return [_call(c) for c in await part.store.calls(name, LISTED)]
        seen = {s.line.hook: s.line for s in await part.store.look(list(part.hooks), newsroom.clock())}
        return [await _line(newsroom, hook, seen.get(hook.name)) for hook in part.hooks.values()]

    empty = "nothing was told to it yet" if name else "no webhook stands in the settings"
    rows(in_newsroom(context, work), as_json=as_json, empty=empty)


@webhooks_app.command("show")
def show(
    context: typer.Context,
    call_id: Annotated[str, typer.Argument(metavar="ID", help="A call's id, from `nkwatch webhooks list NAME`.")],
    as_json: Json = False,
) -> None:
    """Show one call: what became of it, and what it says if it is made now.

    Example: nkwatch webhooks show mfrggzdfmztwq2lk
    """

    async def work(newsroom: Newsroom) -> dict[str, Any] | None:
        found = await newsroom.webhooks.store.call(call_id)
        if found is None:
            return None
        more = {"hook": found.call.hook, "what": found.call.key, "number": found.call.number, "due": found.call.due_at}
        return _call(found.call) | more | {"says": await newsroom.webhooks.preview(found)}

    told = in_newsroom(context, work)
    if told is None:
        end(f"no call has the id {call_id!r}; see `nkwatch webhooks list NAME`")
    answer(told, as_json=as_json)


@webhooks_app.command("test")
def try_out(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Call a webhook once, with a call of type "test" that tells nothing, and show its answer.

    Example: nkwatch webhooks test newsdesk
    """

    async def work(newsroom: Newsroom) -> dict[str, Any]:
        heard = await newsroom.webhooks.test(_hook(newsroom.webhooks.hooks, name).name)
        return {"taken": heard.well, "answer": heard.told}

    told = in_newsroom(context, work)
    answer(told, as_json=as_json)
    if not told["taken"]:
        raise typer.Exit(FAILED)


@webhooks_app.command("retry")
def retry(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Switch a webhook on again, and tell it what was given up. The calls leave with the next round.

    Example: nkwatch webhooks retry newsdesk
    """

    async def work(newsroom: Newsroom) -> dict[str, Any]:
        hook = _hook(newsroom.webhooks.hooks, name)
        return {"calls": await newsroom.webhooks.store.retry(hook.name, newsroom.clock())}

    answer(in_newsroom(context, work), as_json=as_json)


@webhooks_app.command("secret")
def secret(
    context: typer.Context,
    name: Name,
    finish: Annotated[
        bool, typer.Option("--end", help="Take the old secret away: the receiver has the new one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a secret for a webhook, write it to the secrets file, and print it once for the receiver.

    One that is there stays beside it, and calls are signed with both, until `--end` takes the old one away. The service
    takes it up when it starts again.

    Example: nkwatch webhooks secret newsdesk
    """
    with plain_errors():
        config = load_config(context.obj)
        _refuse_unknown([h.name for h in config.webhook], name)
        made = "" if finish else PREFIX + base64.b64encode(os.urandom(OCTETS)).decode()
        kept = _change_secrets(config, name, made)
    say(f"wrote {config.secrets}; start the service again")
    if as_json:
        answer({"webhook": name, "secret": made, "secrets": kept}, as_json=True)
    elif made:
        sys.stdout.write(made + "\n")


def _change_secrets(config: Config, name: str, made: str) -> int:
    """Put a new secret before the newest one, or keep the newest alone; answers how many there are now."""
    path = config.secrets
    before = load_secrets(path).webhooks.get(name, ())
    if not (made or before):
        raise ConfigError(f"{path}: the webhook {name!r} has no secret; run: nkwatch webhooks secret {name}")
    after = ([made] if made else []) + list(before[:1])
    text = read_settings(path)

    def change(secrets: Any) -> None:
        secrets.setdefault("webhooks", {})[name] = after

    replace_secrets(path, text, edited(path, text, change, "add [webhooks]"))
    return len(after)


def _hook(hooks: Mapping[str, Hook], name: str) -> Hook:
    _refuse_unknown(hooks, name)
    return hooks[name]


def _refuse_unknown(names: Collection[str], name: str) -> None:
    if name not in names:
        raise ConfigError(f"no webhook is called {name!r}; there are: {', '.join(names) or 'none'}")


async def _line(newsroom: Newsroom, hook: Hook, line: Line | None) -> dict[str, Any]:
    counts = await newsroom.webhooks.store.counts(hook.name)
    host = hook.url.partition("://")[2].partition("/")[0]
    return {
        "name": hook.name,
        "host": host,
        "events": ", ".join(sorted(hook.events)),
        "themes": ", ".join(sorted(hook.themes)) or "all",
        "state": _state(line),
        "secrets": len(hook.secrets),
        **{state.value: counts.get(state, 0) for state in CallState},
    }


def _state(line: Line | None) -> str:
    if line is None:
        return "begins with the next round"
    if line.off_at:
        return f"switched off since {line.off_at:%Y-%m-%d %H:%M}: it answered that it is gone"
    return f"failing ({line.failures} in a row)" if line.failures else "ok"


def _call(call: Call) -> dict[str, Any]:
    return {
        "id": call.id,
        "type": call.event.value,
        "story": call.story_id,
        "at": call.at,
        "state": call.state.value,
        "attempts": call.attempts,
        "answer": call.reply,
    }
