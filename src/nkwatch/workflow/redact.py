"""Take a person, or a whole statement, out of everything that we hold.

It is written down first, so that nothing more of it is stored; then what is there is gone through, twice: what was on
its way into the database meanwhile is found the second time. Broken off, it is gone on with by doing it again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nkwatch.domain.redaction import Affected, Redaction, RedactionKind, problems
from nkwatch.reading.redacting import NOBODY, Forms
from nkwatch.workflow.correct import Refused
from nkwatch.workflow.ports import Clock
from nkwatch.workflow.ports.redactions import Redactions

#: The log of a database can be emptied while nobody reads: it is tried so often, with a pause between (seconds).
TRIES, PAUSE = 5, 0.25
UNSIGNED = "say who you are: a redaction is signed"

Progress = Callable[[str], None]
"""Is told the name of each step when it begins."""


def silent(_: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """What was redacted, or would be; `redaction` is its number, 0 where nothing was written.

    `clean` is false where bytes of it may still lie in the database's log, which somebody else was reading.
    """

    redaction: int
    affected: Affected
    clean: bool = True


@dataclass(frozen=True, slots=True)
class GoneOn:
    """How many redactions that had been broken off were brought to their end."""

    redactions: int = 0


class NoRedactions:
    """Where nothing is ever taken out."""

    async def forms(self) -> Forms:
        """None."""
        return NOBODY


@dataclass(frozen=True, slots=True)
class Redact:
    """`removed` makes what stands in a mail's copy instead of a block, of its language and its text."""

    redactions: Redactions
    removed: Callable[[str, str], str]
    clock: Clock
    pause: float = PAUSE

    async def foresee_person(self, forms: Sequence[str], told: Progress = silent) -> Affected | Refused:
        """What the redaction of a person would concern. Nothing is written."""
        if wrong := problems(forms):
            return Refused("; ".join(wrong))
        return await self._gone_through(self.redactions.begun(forms, 0, self.clock()), told)

    async def person(
        self, forms: Sequence[str], editor: str, reason: str, told: Progress = silent
    ) -> Redacted | Refused:
        """Take a person out by the forms of the name."""
        wrong = [*problems(forms), *([] if editor.strip() else [UNSIGNED])]
        if wrong:
            return Refused("; ".join(wrong))
        return await self._person(await self.redactions.begin_person(forms, editor, reason, self.clock()), told)

    async def foresee_statement(self, statement_id: str) -> Affected | Refused:
        """What the redaction of a statement would concern. Nothing is written."""
        affected = await self.redactions.of_statement(statement_id)
        return affected or _unknown(statement_id)

    async def statement(self, statement_id: str, editor: str, reason: str) -> Redacted | Refused:
        """Take a whole statement out."""
        if not editor.strip():
            return Refused(UNSIGNED)
        if await self.redactions.of_statement(statement_id) is None:
            return _unknown(statement_id)
        return await self._statement(await self.redactions.begin_statement(statement_id, editor, reason, self.clock()))

    async def lift(self, redaction_id: int) -> bool:
        """Apply the forms of a person no longer to what arrives. What was blacked out stays so."""
        return await self.redactions.lift(redaction_id, self.clock())

    async def __call__(self) -> GoneOn:
        """Bring to its end what was broken off."""
        return GoneOn(len(await self.resume()))

    async def resume(self, told: Progress = silent, *, since: datetime | None = None) -> list[Redacted]:
        """Go on with every redaction that was broken off, and once more through those that ended `since` then."""
        done = []
        for one in await self.redactions.listed():
            due = one.done_at is None or (since is not None and one.done_at >= since)
            if due and one.kind is RedactionKind.STATEMENT:
                done.append(await self._statement(one))
            elif due and one.forms:
                done.append(await self._person(one, told))
        return done

    async def _person(self, one: Redaction, told: Progress) -> Redacted:
        this = self.redactions.begun(one.forms, one.id, one.at)
        first, second = await self._gone_through(this, told), await self._gone_through(this, silent)
        return await self._finished(one, first.again(second))

    async def _statement(self, one: Redaction) -> Redacted:
        this = self.redactions.begun((), one.id, one.at)
        await self.redactions.hide(this, one.statement_id)
        affected = await self._mails(this, one.statement_id)
        affected += await self.redactions.empty(this, one.statement_id)
        return await self._finished(one, affected)

    async def _mails(self, this: Any, statement_id: str) -> Affected:
        after, affected = await self.redactions.remove_from_mails(this, statement_id, None, self.removed)
        while after is not None:
            after, more = await self.redactions.remove_from_mails(this, statement_id, after, self.removed)
            affected += more
        return affected

    async def _gone_through(self, this: Any, told: Progress) -> Affected:
        total = Affected()
        for name in self.redactions.steps():
            told(name)
            after: Any = None
            while True:
                this, after, affected = await self.redactions.step(name, this, after)
                total += affected
                if after is None:
                    break
        return total

    async def _finished(self, one: Redaction, affected: Affected) -> Redacted:
        clean = await self.redactions.clean()
        for _ in range(0 if clean else TRIES):
            await asyncio.sleep(self.pause)
            if clean := await self.redactions.clean():
                break
        await self.redactions.finish(one.id, self.clock())
        return Redacted(one.id, affected, clean)


def _unknown(statement_id: str) -> Refused:
    return Refused(f"no statement has the id {statement_id!r}", usage=False)
