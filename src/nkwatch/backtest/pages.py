"""Pages to look through: one with all weeks, one for each week, and the mails. They need no server and no script."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from nkwatch.backtest.record import cues, reasons, told_changes
from nkwatch.backtest.weeks import ALERTED, COUNTED, LEAD, LINE, Backtested, Mail, Week
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.story import AlertState

#: What the sections that are no themes are called.
SECTIONS = {
    LEAD: "first",
    LINE: "in one line",
    COUNTED: "no room: counted only",
    ALERTED: "one line: sent as an alert before",
}


def write_pages(backtested: Backtested, out: Path, themes: Mapping[str, str]) -> None:
    """Write index.html, style.css, a page and the mails of each week into the folder `out`.

    `themes` are names by code. What stands there under these names is written anew. Raises `ConfigError`.
    """
    loader = PackageLoader("nkwatch", "templates/backtest")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    names = SECTIONS | dict(themes)
    environment.globals.update(cues=cues, reasons=reasons, changes=told_changes)
    environment.filters["named"] = lambda code: names.get(code, code)
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "style.css").write_text(loader.get_source(environment, "style.css")[0], "utf-8")
        _write(environment, out / "index.html", "index.html", {"backtested": backtested, "total": _total(backtested)})
        for week in backtested.weeks:
            _write(environment, out / f"{week.name}.html", "week.html", {"week": week})
            _write_mails(out, week)
    except OSError as wrong:
        raise ConfigError(f"{out}: cannot be written: {wrong.strerror}") from wrong


def _write(environment: Environment, path: Path, template: str, values: Mapping[str, Any]) -> None:
    path.write_text(environment.get_template(template).render(values), "utf-8")


def _write_mails(out: Path, week: Week) -> None:
    mails = {f"alert-{n}": raised.mail for n, raised in enumerate(week.alerts, 1)}
    if week.digest:
        mails["digest"] = week.digest.mail
    for name, mail in mails.items():
        _write_mail(out, f"{week.name}-{name}", mail)


def _write_mail(out: Path, name: str, mail: Mail) -> None:
    (out / f"{name}.txt").write_text(mail.text, "utf-8")
    if mail.html:
        (out / f"{name}.html").write_text(mail.html, "utf-8")


def _total(backtested: Backtested) -> dict[str, int]:
    weeks = backtested.weeks
    alerts = [raised for week in weeks for raised in week.alerts]
    return {
        "weeks": len(weeks),
        "entries": sum(week.entries for week in weeks),
        "on North Korea": sum(week.about_nk for week in weeks),
        "digests": sum(week.digest is not None for week in weeks),
        "stories in digests": sum(len(week.digest.stories) for week in weeks if week.digest),
        "alerts released": sum(raised.state is AlertState.RELEASED for raised in alerts),
        "alerts held": sum(raised.state is AlertState.HELD for raised in alerts),
    }
