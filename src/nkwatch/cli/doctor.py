"""``nkwatch doctor``: is everything as it must be, and what to do where it is not."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from nkwatch import logs
from nkwatch.assembly.standing import dkim_keys
from nkwatch.cli import checks, lock_checks, mail_checks, roundtrips, vital_checks, wish_checks
from nkwatch.cli.checks import Patient
from nkwatch.cli.newsroom import CLOCK
from nkwatch.cli.output import FAILED, WRONG, Json, answer, end, page, plain_errors, printable
from nkwatch.config import Config, Secrets, load_config, load_secrets
from nkwatch.domain.posture import Finding, Severity
from nkwatch.domain.problems import ConfigError
from nkwatch.mail.dkim_keys import DkimKey
from nkwatch.net.dns import Dns

Check = Callable[[Patient], Awaitable[list[Finding]]]
_STYLES = {Severity.FINE: "green", Severity.ADVICE: "yellow", Severity.WRONG: "bold red"}


def doctor(
    context: typer.Context,
    roundtrip: Annotated[
        bool, typer.Option("--roundtrip", help="Mail the canary or the contact, and see what the relay changes.")
    ] = False,
    returned: Annotated[
        Path | None, typer.Option("--returned", metavar="FILE.eml", help="The mail of --roundtrip as it arrived.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at settings, database, disk, clock, relays and DNS, and say what to do. Sends nothing without --roundtrip.

    Exits with 1 when anything is wrong.

    Example: nkwatch doctor --roundtrip
    """
    if roundtrip and returned:
        end("--returned is for a mail of an earlier --roundtrip: give one of them", WRONG)
    names = Dns()
    with plain_errors():
        patient, found = admitted(context.obj)
    if returned:
        found += asyncio.run(roundtrips.returned(patient, returned, names))
    else:
        work: list[Check] = [*_LOCAL, mail_checks.relays, mail_checks.DnsCheck(names)]
        if roundtrip:
            work.append(roundtrips.RoundTrip(names))
        found += asyncio.run(examined(patient, work))
    show(found, as_json=as_json)
    if any(f.severity is Severity.WRONG for f in found):
        raise typer.Exit(FAILED)


_LOCAL: tuple[Check, ...] = (
    checks.settings,
    checks.database,
    checks.disk,
    checks.signing,
    checks.bounces,
    checks.watch,
    lock_checks.installation,
    wish_checks.wishes,
    vital_checks.service,
    vital_checks.heartbeat,
    vital_checks.vitals,
    vital_checks.mornings,
)


def admitted(path: Path) -> tuple[Patient, list[Finding]]:
    """What is to be looked at, and what was found by opening it. Raises `ConfigError` where the settings are wrong."""
    config = load_config(path)
    logs.set_up(json=config.log.json_lines, level=config.log.level)
    found = [Finding("settings", Severity.FINE, f"{path} can be used")]
    secrets, keys = _secrets(config, found), _keys(config, found)
    return Patient(config, secrets, keys, CLOCK.get()), found


async def examined(patient: Patient, work: Sequence[Check]) -> list[Finding]:
    """What every check found; one that breaks down hinders no other."""
    found: list[Finding] = []
    for check in work:
        try:
            found += await check(patient)
        except Exception as error:  # noqa: BLE001  the others go on, whatever it is
            name = getattr(check, "__name__", type(check).__name__)
            said = f"this could not be looked at ({type(error).__name__}: {logs.redact(str(error))})"
            found.append(Finding(name, Severity.WRONG, said, "Please report this as a mistake in nkwatch."))
    return found


def show(found: Sequence[Finding], *, as_json: bool) -> None:
    """A list for people, the worst last, and what to publish; or one JSON object."""
    if as_json:
        wrong = any(f.severity is Severity.WRONG for f in found)
        answer({"ok": not wrong, "findings": [asdict(f) for f in found]}, as_json=True)
        return
    table = Table.grid(padding=(0, 2))
    for severity, style in _STYLES.items():
        for f in (f for f in found if f.severity is severity):
            said = printable(f"{f.about}: {f.found}")
            table.add_row(Text(str(severity), style), Text(f"{said}\n{printable(f.do)}" if f.do else said))
    page().print(table)
    # whole, so that they can be copied
    for f in (f for f in found if f.record):
        sys.stdout.write(f"\n{f.about}: {f.do}\n{f.record}\n")
    sys.stdout.write("\n")
    answer({str(s): sum(f.severity is s for f in found) for s in reversed(_STYLES)}, as_json=False)


def _secrets(config: Config, found: list[Finding]) -> Secrets | None:
    try:
        secrets = load_secrets(config.secrets)
        secrets.keyring()
    except ConfigError as wrong:
        found += [Finding("secrets", Severity.WRONG, p, "Mend it; nothing works without.") for p in wrong.problems]
        return None
    found.append(Finding("secrets", Severity.FINE, f"{config.secrets} can be used, and only its owner reads it"))
    return secrets


def _keys(config: Config, found: list[Finding]) -> tuple[DkimKey, ...]:
    try:
        return dkim_keys(config)
    except ConfigError as wrong:
        found += [Finding("signing", Severity.WRONG, p, "See [dkim] in the settings.") for p in wrong.problems]
        return ()
