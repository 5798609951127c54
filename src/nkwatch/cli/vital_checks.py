"""What `nkwatch doctor` looks at of the service: whether it is at work, and how the operator hears of things."""

import asyncio
import ssl
from datetime import datetime, timedelta

from nkwatch.cli.checks import ADVICE, FINE, WRONG, Patient, opened
from nkwatch.domain.posture import Finding
from nkwatch.net.knocking import Knock
from nkwatch.store.notices import NoticeStore
from nkwatch.store.pulse import last_beat

#: Seconds for a connection.
PATIENCE = 10.0
#: Monday's mail comes in any case, by Monday evening at the latest.
SILENCE = timedelta(days=8)
#: Who is at work writes into the database four times a minute.
LATE = timedelta(minutes=5)


async def heartbeat(patient: Patient) -> list[Finding]:
    """Whether who watches from outside can be reached. It is not asked: that would tell it that all is well."""
    url = patient.config.watch.heartbeat_url
    if not url:
        said = "nobody outside notices when this machine stops"
        return [Finding("heartbeat", ADVICE, said, "Set watch.heartbeat_url to an address that such a service gives.")]
    host, port, tls = Knock("watch.heartbeat_url", "heartbeat's receiver", url).place
    if why := await _reached(host, port, tls=tls):
        do = "Look at watch.heartbeat_url, and at what stands between."
        return [Finding("heartbeat", WRONG, f"{host}, port {port}, cannot be reached: {why}", do)]
    return [Finding("heartbeat", FINE, f"{host} can be reached")]


async def vitals(patient: Patient) -> list[Finding]:
    """Whether this machine's process tells how it is."""
    vitals = patient.config.vitals
    if not vitals.port:
        return [Finding("vitals", FINE, "health and metrics are not served: vitals.port is 0")]
    where = f"{vitals.listen}, port {vitals.port}"
    if why := await _reached(vitals.listen, vitals.port, tls=False):
        do = "Start nkwatch, or look what has taken the port."
        return [Finding("vitals", ADVICE, f"nobody answers at {where}: {why}", do)]
    return [Finding("vitals", FINE, f"somebody answers at {where}")]


async def service(patient: Patient) -> list[Finding]:
    """When nkwatch was last at work on this database: one of its processes writes to it every few seconds."""
    found: list[Finding] = []
    async with opened(patient) as store:
        if store:
            found.append(_at_work(await store.read(last_beat), patient.clock()))
    return found


def _at_work(last: datetime | None, now: datetime) -> Finding:
    if last is None:
        return Finding("service", ADVICE, "nkwatch never ran on this database", "Start it: nkwatch run")
    if now - last > LATE:
        said = f"nkwatch has not been at work since {last:%Y-%m-%d %H:%M} UTC"
        return Finding("service", ADVICE, said, "Start it (`nkwatch run`); the end of its log says why it ended.")
    return Finding("service", FINE, "nkwatch is at work")


async def mornings(patient: Patient) -> list[Finding]:
    """When the last mail to the operator was sent."""
    found: list[Finding] = []
    async with opened(patient) as store:
        if store:
            found.append(_mailed(await NoticeStore(store).mailed_at(), patient.clock()))
    return found


def _mailed(last: datetime | None, now: datetime) -> Finding:
    if last is None:
        do = "The first comes a day after nkwatch was installed; `nkwatch report` shows what it will say."
        return Finding("morning's mail", ADVICE, "none was ever sent", do)
    if now - last > SILENCE:
        do = "Look whether nkwatch runs, and whether the relay takes mail: the log tells."
        return Finding("morning's mail", WRONG, f"the last was sent on {last:%Y-%m-%d}, and Monday's should have", do)
    return Finding("morning's mail", FINE, f"the last was sent on {last:%Y-%m-%d}")


async def _reached(host: str, port: int, *, tls: bool) -> str:
    """Why no connection can be opened; nothing where it can."""
    try:
        async with asyncio.timeout(PATIENCE):
            context = ssl.create_default_context() if tls else None
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except TimeoutError:
        return f"no answer within {PATIENCE:g} seconds"
    except OSError as wrong:
        return str(wrong.strerror or wrong)
    writer.close()
    return ""
