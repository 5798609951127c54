"""`nkwatch recover`: what is wrong is shown, put right and told once."""

from datetime import timedelta

from tests.making import polled, sifted, state, statement
from tests.story.commands import answered, opened, run

from nkwatch.domain.outcome import Unchanged

DAY = timedelta(days=1)


async def test_what_a_wrong_clock_left_is_shown_and_then_put_right(installation):
    now = installation.clock()
    async with opened(installation) as newsroom:
        await newsroom.statements.register(newsroom.sources.values(), now)
        ahead = state("a", url=newsroom.sources["a"].url).after(Unchanged(), now + DAY)
        await newsroom.statements.record_polls([polled(sifted(statement(read_from=now + DAY)), state=ahead)])
    for _ in range(2):
        shown = await answered(installation, "recover", "--dry-run")
        assert (shown["polls"], shown["readings"], shown["overdue"]) == (1, 1, 0)
    _, told, said = await run(installation, "recover")
    assert "polls: 1" in told
    assert "erased unconfirmed: 0" in told
    assert "put right" in said
    assert (await answered(installation, "recover", "--dry-run"))["polls"] == 0


async def test_what_is_overdue_is_named(installation):
    async with opened(installation) as newsroom:
        await newsroom.statements.register(newsroom.sources.values(), installation.clock())
        await newsroom.statements.record_polls([polled(sifted(statement()))])
    installation.clock.now += timedelta(hours=2)
    shown = await answered(installation, "recover")
    assert shown["statements not read"] == 1
    assert shown["overdue"] >= 2
