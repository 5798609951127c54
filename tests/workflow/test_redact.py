"""What is done when somebody is taken out, in which order, and how it is gone on with."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from nkwatch.domain.redaction import Affected, Redaction, RedactionKind
from nkwatch.reading.redacting import NOBODY, Forms
from nkwatch.workflow.correct import Refused
from nkwatch.workflow.redact import TRIES, GoneOn, NoRedactions, Redact, Redacted
from tests.making import NOW
from tests.workflow.fakes import CrashError, FakeClock

FORMS = ["리은영", "Ri Un-yong"]


@dataclass
class FakeRedactions:
    """Two steps of two parts each; `log` is what was done. `crashes` dies at that entry of the log."""

    held: frozenset[str] = frozenset({"s1"})
    rows: dict[int, Redaction] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    crashes: int = -1
    unclean: int = 0

    def _note(self, what: str) -> None:
        self.log.append(what)
        if len(self.log) == self.crashes:
            raise CrashError

    def _begin(self, one: Redaction) -> Redaction:
        self._note("begin")
        same = next((r for r in self.rows.values() if (r.forms, r.statement_id) == (one.forms, one.statement_id)), None)
        kept = replace(same, done_at=None) if same else replace(one, id=len(self.rows) + 1)
        self.rows[kept.id] = kept
        return kept

    async def forms(self) -> Forms:
        return Forms(f for r in self.rows.values() if not r.lifted_at for f in r.forms)

    async def begin_person(self, forms: list[str], editor: str, reason: str, now: datetime) -> Redaction:
        return self._begin(Redaction(0, RedactionKind.PERSON, now, editor, reason, forms=tuple(forms)))

    async def begin_statement(self, statement_id: str, editor: str, reason: str, now: datetime) -> Redaction:
        return self._begin(Redaction(0, RedactionKind.STATEMENT, now, editor, reason, statement_id))

    async def listed(self) -> list[Redaction]:
        return list(self.rows.values())

    async def lift(self, redaction_id: int, now: datetime) -> bool:
        one = self.rows.get(redaction_id)
        if one is None or one.lifted_at:
            return False
        self.rows[redaction_id] = replace(one, lifted_at=now, forms=())
        return True

    async def finish(self, redaction_id: int, now: datetime) -> None:
        self._note("finish")
        self.rows[redaction_id] = replace(self.rows[redaction_id], done_at=now)

    async def destroyed(self, statement_id: str) -> list[tuple[str, datetime, datetime]]:
        return []

    def steps(self) -> tuple[str, ...]:
        return ("statements", "blocks")

    def begun(self, forms: list[str], redaction_id: int, now: datetime) -> Any:
        return "dry" if not redaction_id else "wet"

    async def step(self, name: str, this: Any, after: Any) -> tuple[Any, Any, Affected]:
        self._note(f"{this} {name} {after}")
        return this, None if after else (1,), Affected({name: 1})

    async def of_statement(self, statement_id: str) -> Affected | None:
        return Affected({"statements": 1}) if statement_id in self.held else None

    async def hide(self, this: Any, statement_id: str) -> None:
        self._note(f"hide {statement_id}")

    async def remove_from_mails(self, this: Any, statement_id: str, after: Any, removed: Any) -> tuple[Any, Affected]:
        self._note(f"mails {after} {removed('en', 'x')}")
        return None if after else (1,), Affected({"blocks": 1})

    async def empty(self, this: Any, statement_id: str) -> Affected:
        self._note(f"empty {statement_id}")
        return Affected({"statements": 1})

    async def clean(self) -> bool:
        self._note("clean")
        self.unclean -= 1
        return self.unclean < 0


def redact(store: FakeRedactions) -> Redact:
    return Redact(store, lambda language, _: f"removed [{language}]", FakeClock(), pause=0)


PASS = ["wet statements None", "wet statements (1,)", "wet blocks None", "wet blocks (1,)"]


async def test_a_person_is_written_down_first_and_everything_gone_through_twice():
    store, told = FakeRedactions(), []
    done = await redact(store).person(FORMS, "Ann", "asked for", told.append)
    assert done == Redacted(1, Affected({"statements": 2, "blocks": 2}), clean=True)
    assert store.log == ["begin", *PASS, *PASS, "clean", "finish"]
    assert told == ["statements", "blocks"]
    assert store.rows[1].done_at == NOW


async def test_looking_first_writes_nothing():
    store = FakeRedactions()
    assert await redact(store).foresee_person(FORMS) == Affected({"statements": 2, "blocks": 2})
    assert await redact(store).foresee_statement("s1") == Affected({"statements": 1})
    assert all(line.startswith("dry") for line in store.log)
    assert store.rows == {}


async def test_a_statement_is_hidden_first_and_emptied_last():
    store = FakeRedactions()
    done = await redact(store).statement("s1", "Ann", "")
    assert done == Redacted(1, Affected({"blocks": 2, "statements": 1}))
    mails = ["mails None removed [en]", "mails (1,) removed [en]"]
    assert store.log == ["begin", "hide s1", *mails, "empty s1", "clean", "finish"]


async def test_whatever_it_dies_at_resuming_ends_right():
    for crashes in range(2, 11):
        store = FakeRedactions(crashes=crashes)
        for begin in (redact(store).person(FORMS, "Ann", ""), redact(store).statement("s1", "Ann", "")):
            try:
                await begin
            except CrashError:
                store.crashes = -1
        done = await redact(store).resume()
        assert all(one.done_at for one in store.rows.values())
        assert all(d.affected.counts for d in done)
        assert await redact(store).resume() == []


async def test_what_has_just_ended_can_be_looked_at_once_more():
    store = FakeRedactions()
    await redact(store).person(FORMS, "Ann", "")
    await redact(store).statement("s1", "Ann", "")
    assert len(await redact(store).resume(since=NOW)) == 2
    assert await redact(store).resume(since=NOW.replace(hour=23)) == []


async def test_what_was_lifted_before_it_ended_is_not_gone_on_with():
    store = FakeRedactions(crashes=3)
    try:
        await redact(store).person(FORMS, "Ann", "")
    except CrashError:
        assert await redact(store).lift(1)
    assert not await redact(store).lift(1)
    assert await redact(store).resume() == []


async def test_the_log_of_the_database_is_emptied_as_soon_as_nobody_reads():
    store = FakeRedactions(unclean=3)
    assert (await redact(store).person(FORMS, "Ann", "")).clean
    assert store.log.count("clean") == 4
    busy = FakeRedactions(unclean=99)
    done = await redact(busy).person(FORMS, "Ann", "")
    assert not done.clean
    assert busy.log.count("clean") == TRIES + 1
    assert busy.rows[1].done_at


async def test_what_cannot_be_is_refused_in_a_sentence_without_the_name():
    store = FakeRedactions()
    one = redact(store)
    assert await one.foresee_person(["Ri"]) == Refused(
        "form 1: needs 4 letters: a shorter word stands in too many texts"
    )
    refused = await one.person(["Ri"], " ", "")
    assert isinstance(refused, Refused)
    assert "say who you are" in refused.reason
    assert await one.statement("s1", "", "") == Refused("say who you are: a redaction is signed")
    unknown = Refused("no statement has the id 's9'", usage=False)
    assert await one.statement("s9", "Ann", "") == unknown == await one.foresee_statement("s9")
    assert store.log == []


async def test_where_nothing_is_ever_taken_out_everybody_may_be_named():
    assert await NoRedactions().forms() is NOBODY


async def test_a_round_goes_on_with_what_was_broken_off_and_with_nothing_else():
    store = FakeRedactions(crashes=3)
    with pytest.raises(CrashError):
        await redact(store).person(FORMS, "Ann", "asked for")
    store.crashes = -1
    assert await redact(store)() == GoneOn(1)
    assert await redact(store)() == GoneOn(0)
