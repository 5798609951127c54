"""``nkwatch verify``: is this mail ours. Its signature says so, and nothing else does."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import SQLAlchemyError

from nkwatch.assembly.standing import dkim_keys, prover
from nkwatch.catalogue.locales import load_locales
from nkwatch.cli.layout import show
from nkwatch.cli.output import FAILED, WRONG, Json, answer, end, plain_errors
from nkwatch.config import Config, load_config
from nkwatch.domain.bulletin import Composition
from nkwatch.feeds.workers import Workers
from nkwatch.mail.claims import Claims, difference
from nkwatch.mail.dkim_keys import DkimKey
from nkwatch.mail.proof import Names, Proof, Prover, Reason, Verdict
from nkwatch.net.dns import Dns
from nkwatch.store.database import Database
from nkwatch.store.engines import file_of
from nkwatch.store.published import Published, content, published

#: Octets of a mail that are looked at.
LARGEST = 5_000_000
_SAID = {
    Reason.SIGNED: "its signature is valid, and it comes from our address",
    Reason.BROKEN: "it carries a signature in that name which does not fit: it was changed on its way, or forged",
    Reason.UNSIGNED: "it carries no signature in that name",
    Reason.OTHER_SENDER: "it is signed, and comes from another address than our bulletins",
    Reason.NO_ANSWER: "the key that it names could not be looked up: try again later, or give it with --key",
    Reason.UNREADABLE: "it cannot be read as a mail",
}
#: What is said of a mail that names no bulletin of ours, and where nobody said whose signature is wanted.
UNKNOWN = "none that is known here"
NAMELESS = "its signature is valid; without settings or --domain nobody knows here whether that domain is the right one"


@dataclass(frozen=True, slots=True)
class Against:
    """What a mail is checked against. Without settings, nothing is known but keys and a domain that somebody named."""

    config: Config | None
    keys: tuple[DkimKey, ...]
    records: Mapping[str, str]
    domain: str


def verify(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.eml", help="The mail; - reads standard input.", allow_dash=True)
    ],
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SELECTOR=FILE", help="The text of a key's DNS record, instead of asking for it. May be repeated."
        ),
    ] = None,
    domain: Annotated[str, typer.Option(help="Whose signature counts; that of the settings without.")] = "",
    as_json: Json = False,
) -> None:
    """Say whether a mail is ours: by its signature first, then beside the bulletin that it says it is.

    Exits with 0 only for a valid signature of ours: numbers, names and texts can be copied by anybody. Without settings
    it can only say which domain signed, and exits with 0 only where --domain names that one.

    Example: nkwatch verify suspicious.eml
    """
    raw = _read(file)
    with plain_errors():
        against = _against(context.obj, key or [], domain.lower())
        told = asyncio.run(looked_at(against, raw, Dns()))
    if as_json:
        answer(told, as_json=True)
    else:
        show({"kind": "mail", "id": told["verdict"], **{n: v for n, v in told.items() if n != "verdict"}})
    if not told["ours"]:
        raise typer.Exit(FAILED)


def _read(file: Path) -> bytes:
    try:
        raw = sys.stdin.buffer.read(LARGEST + 1) if str(file) == "-" else _beginning(file)
    except OSError as wrong:
        end(f"{file}: {wrong.strerror}")
    if len(raw) > LARGEST:
        end(f"{file}: larger than {LARGEST // 1_000_000} MB; no mail of ours is")
    return raw


def _beginning(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(LARGEST + 1)


def _against(path: Path, given: list[str], domain: str) -> Against:
    config = load_config(path) if path.exists() else None
    keys = dkim_keys(config) if config else ()
    own = domain or (config.dkim.domain if config and config.dkim else "")
    records = dict(_given(pair, own) for pair in given)
    return Against(config, keys, records, domain)


def _given(pair: str, domain: str) -> tuple[str, str]:
    selector, equals, name = pair.partition("=")
    if not equals or not domain:
        end("--key is SELECTOR=FILE, and needs --domain where the settings name none", WRONG)
    try:
        return f"{selector.lower()}._domainkey.{domain}", " ".join(Path(name).read_text("utf-8").split())
    except (OSError, UnicodeDecodeError) as wrong:
        end(f"{name}: cannot be read as text ({type(wrong).__name__})", WRONG)


async def looked_at(against: Against, raw: bytes, names: Names) -> dict[str, Any]:
    """What can be told of a mail; `ours` is the answer."""
    async with Workers() as workers:
        proof = await _prover(against, workers, names)(raw)
    holds, named = proof.verdict is Verdict.OURS, bool(against.config or against.domain)
    # whoever forges a mail may sign it in a name of his own
    ours = holds and named
    told: dict[str, Any] = {
        "verdict": "signed" if holds and (against.domain or not named) else str(proof.verdict),
        "ours": ours,
        "why": _SAID[proof.reason] if ours or not holds else NAMELESS,
        "signed_by": list(proof.signed_by),
        "detail": proof.detail,
        "mail": {"from": proof.claims.sender, "subject": proof.claims.subject, "date": proof.claims.date},
    }
    return told | (await _bulletin(against.config, proof, ours=ours) if against.config else {})


def _prover(against: Against, workers: Workers, names: Names) -> Prover:
    """With settings: what they say. Without: whose signature it carries, from whatever sender."""
    config = against.config
    if config is None or against.domain:
        domains = frozenset({against.domain} if against.domain else ())
        return Prover(workers, names, against.records, domains, anybody=not domains)
    made = prover(config, against.keys, workers, names, load_locales())
    return Prover(workers, names, {**made.keys, **against.records}, made.domains, made.senders, made.numbered)


async def _bulletin(config: Config, proof: Proof, *, ours: bool) -> dict[str, Any]:
    """The bulletin that a mail says it is, and how the mail differs from it."""
    file = file_of(config.database)
    if file and not file.exists():  # it would be made by looking for it
        return {"bulletin": UNKNOWN}
    try:
        with closing(Database(config.database)) as database:
            found = await _found(database, proof.claims)
    except SQLAlchemyError as wrong:
        return {"bulletin": f"the database cannot be asked: {getattr(wrong, 'orig', wrong)}"}
    if found is None:
        return {"bulletin": UNKNOWN}
    sent, composition, copy = found
    site = config.site.url.rstrip("/")
    real: dict[str, Any] = {"number": sent.number, "what": str(sent.kind), "sent": sent.date}
    if composition:
        differs = difference(proof.claims, composition, site, sent.heads)
        real |= {"subject": composition.subject, "copy": f"{site}/mails/{copy}", "fingerprint": composition.fingerprint}
        real |= {
            "same_subject": not differs.subject,
            "lines_missing": differs.lines,
            "other_links": list(differs.hosts),
        }
    else:
        real |= {"subjects": [s.text for s in sent.subjects]}
        real |= {"copies": [f"{site}/mails/{s.copy}" for s in sent.subjects]}
    return {"bulletin" if ours else "what_it_really_was": real}


async def _found(database: Database, claims: Claims) -> tuple[Published, Composition | None, str] | None:
    for copy in claims.copies:
        shared = await content(database, copy)
        if shared and (sent := await published(database, shared[1])):
            return sent, shared[0], copy
    for number in claims.numbers:
        if sent := await published(database, number):
            return sent, None, ""
    return None
