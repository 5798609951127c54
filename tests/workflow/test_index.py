"""Indexing: all that is not up to date is brought up to date, in batches."""

from nkwatch.workflow.index import BATCH, Index, Indexed


class Waiting:
    """An index to which so many statements are to be brought."""

    def __init__(self, statements: int) -> None:
        self.statements = statements
        self.batches: list[int] = []

    async def index(self, limit: int) -> int:
        done = min(limit, self.statements)
        self.statements -= done
        self.batches.append(done)
        return done


async def test_one_round_brings_all_up_to_date_in_batches() -> None:
    waiting = Waiting(2 * BATCH + 3)
    assert await Index(waiting)() == Indexed(2 * BATCH + 3)
    assert waiting.batches == [BATCH, BATCH, 3, 0]


async def test_where_all_is_up_to_date_nothing_is_done() -> None:
    waiting = Waiting(0)
    assert await Index(waiting)() == Indexed()
    assert waiting.batches == [0]
