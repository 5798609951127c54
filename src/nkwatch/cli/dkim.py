"""``nkwatch keys dkim``: the keys that sign our mails, and what the DNS has to show of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from nkwatch.assembly.standing import dkim_keys, domain_of
from nkwatch.cli.newsroom import CLOCK
from nkwatch.cli.output import WRONG, Json, answer, end, plain_errors, say
from nkwatch.config import Config, load_config
from nkwatch.mail.dkim_keys import DkimKey, Kind, load_key, new_key, write_key
from nkwatch.mail.signing import signs_for

#: What stands behind the selector of the second key.
SECOND = "e"
_SECTION = """\
{head}
domain = "{domain}"
selector = "{selector}"
key = "{key}"
ed25519_selector = "{selector}{second}"
ed25519_key = "{ed25519_key}"
"""


def dkim(
    context: typer.Context,
    selector: Annotated[str, typer.Option("--selector", help="Name of the new keys; by default the month.")] = "",
    domain: Annotated[
        str, typer.Option("--domain", help="Only for this domain; else for all that mails come from.")
    ] = "",
    show: Annotated[bool, typer.Option("--show", help="Make nothing: show the records of the keys in use.")] = False,
    as_json: Json = False,
) -> None:
    """Make an RSA and an Ed25519 key beside the settings, and say what to publish in the DNS. Settings are not changed.

    Each domain that mails come from gets keys of its own: that of mail.sender, that of neutral.sender.

    To change keys, publish the new records first, wait a day, then name the new keys in the settings; keep the old
    records for a week, since mails on their way need them.

    Example: nkwatch keys dkim; nkwatch keys dkim --show
    """
    with plain_errors():
        config = load_config(context.obj)
        if show:
            made = dkim_keys(config)
            if not made:
                end("no keys are in use: there is no [dkim] in the settings; `nkwatch keys dkim` makes some")
        else:
            known = _domains(config)
            if not (named := [d for d in known if domain.lower() in {"", d}]):
                end(f"no mails come from {domain}, only from {', '.join(known)}", WRONG)
            head = config.dkim.domain if config.dkim else named[0]
            made = _made(context.obj.resolve().parent, [_Wanted.of(d, selector, first=d == head) for d in named])
    if as_json:
        answer({key.name: key.record for key in made}, as_json=True)
        return
    say("Publish in the DNS:")
    for key in made:
        typer.echo(key.zone_line)


def _domains(config: Config) -> list[str]:
    """Those that sign, and those that mails come from and nothing signs for; the first stands in [dkim] itself."""
    found = [s.domain for s in config.dkim.signing] if config.dkim else []
    for address in config.senders:
        sender = domain_of(address)
        found += [] if any(signs_for(d, sender) for d in found) else [sender]
    return found


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Keys to be made for a domain. All but the `first` stand in sections of their own."""

    domain: str
    selector: str
    first: bool

    @classmethod
    def of(cls, domain: str, selector: str, *, first: bool) -> "_Wanted":
        """The selector stands in each mail: in those of a neutral sender it must not name us."""
        return cls(domain, selector or f"{'nk' if first else 's'}{CLOCK.get()():%Y%m}", first)

    @property
    def selectors(self) -> dict[Kind, str]:
        return {"rsa": self.selector, "ed25519": f"{self.selector}{SECOND}"}

    def file(self, kind: Kind) -> str:
        """The name of the file of a key."""
        return f"dkim-{'' if self.first else f'{self.domain}-'}{self.selectors[kind]}.pem"

    @property
    def section(self) -> str:
        """What to write into the settings."""
        files = {"key": self.file("rsa"), "ed25519_key": self.file("ed25519")}
        head = "[dkim]" if self.first else "[[dkim.also]]"
        return _SECTION.format(head=head, domain=self.domain, selector=self.selector, second=SECOND, **files)


def _made(folder: Path, wanted: Sequence[_Wanted]) -> tuple[DkimKey, ...]:
    """New keys in files of their own, and what to write into the settings."""
    files = [(w, kind, folder / w.file(kind)) for w in wanted for kind in w.selectors]
    if present := [str(f) for _, _, f in files if f.exists()]:
        end(f"{', '.join(present)}: already there, nothing was written; choose another --selector")
    for _, kind, file in files:
        write_key(file, new_key(kind))
    say(f"wrote {', '.join(str(f) for _, _, f in files)} (mode 600). In the settings:\n")
    for one in wanted:
        say(one.section)
    return tuple(load_key(w.domain, w.selectors[kind], file, kind) for w, kind, file in files)
