"""``nkwatch keys dkim``: the keys that sign our mails, and what the DNS has to show of them."""

from pathlib import Path
from typing import Annotated

import typer

from nkwatch.assembly.newsroom import utc_now
from nkwatch.assembly.standing import dkim_keys, domain_of
from nkwatch.cli.newsroom import Json
from nkwatch.cli.output import answer, end, plain_errors, say
from nkwatch.config import load_config
from nkwatch.mail.dkim_keys import DkimKey, Kind, load_key, new_key, write_key

#: What stands behind the selector of the second key.
SECOND = "e"
_SECTION = """\
[dkim]
domain = "{domain}"
selector = "{selector}"
key = "{key}"
ed25519_selector = "{selector}{second}"
ed25519_key = "{ed25519_key}"
"""


def dkim(
    context: typer.Context,
    selector: Annotated[str, typer.Option("--selector", help="Name of the new keys; by default the month.")] = "",
    show: Annotated[bool, typer.Option("--show", help="Make nothing: show the records of the keys in use.")] = False,
    as_json: Json = False,
) -> None:
    """Make an RSA and an Ed25519 key beside the settings, and say what to publish in the DNS. Settings are not changed.

    To change keys, publish the new records first, wait a day, then name the new keys in [dkim]; keep the old records
    for a week, since mails on their way need them.

    Example: nkwatch keys dkim; nkwatch keys dkim --show
    """
    with plain_errors():
        config = load_config(context.obj)
        domain = config.dkim.domain if config.dkim else domain_of(config.mail.sender)
        if show:
            made = dkim_keys(config)
            if not made:
                end("no keys are in use: there is no [dkim] in the settings; `nkwatch keys dkim` makes some")
        else:
            made = _made(context.obj.resolve().parent, domain, selector or f"nk{utc_now():%Y%m}")
    if as_json:
        answer({key.name: key.record for key in made}, as_json=True)
        return
    say("Publish in the DNS:")
    for key in made:
        typer.echo(key.zone_line)


def _made(folder: Path, domain: str, selector: str) -> tuple[DkimKey, ...]:
    """New keys in files of their own, and what to write into the settings."""
    kinds: dict[Kind, str] = {"rsa": selector, "ed25519": f"{selector}{SECOND}"}
    files = {kind: folder / f"dkim-{name}.pem" for kind, name in kinds.items()}
    if present := [str(f) for f in files.values() if f.exists()]:
        end(f"{', '.join(present)}: already there, nothing was written; choose another --selector")
    for kind, file in files.items():
        write_key(file, new_key(kind))
    say(f"wrote {files['rsa']} and {files['ed25519']} (mode 600). In the settings:\n")
    names = {"key": files["rsa"].name, "ed25519_key": files["ed25519"].name}
    say(_SECTION.format(domain=domain, selector=selector, second=SECOND, **names))
    return tuple(load_key(domain, name, files[kind], kind) for kind, name in kinds.items())
