"""Several relays: the next one is used while the one before cannot be reached, and only for what was not offered."""

import asyncio
import datetime as dt

from nkwatch.domain.delivery import Deferred, Refused, Sent, Unknown
from nkwatch.mail.relays import Relays
from tests.edges.relaying import CUT, Bag, RelayByScript, letter, relaying

START = dt.datetime(2026, 3, 2, 7, tzinfo=dt.UTC)


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def tick(self, seconds):
        self.now += dt.timedelta(seconds=seconds)


class OneOfThem:
    """A relay that can be unplugged; writes down whom it carried."""

    def __init__(self, name, *, connections=2):
        self.name, self.connections, self.outcome = name, connections, Sent("250 ok")
        self.up, self.tries, self.carried, self.closed = True, 0, [], False
        self.after = lambda: None

    async def carry(self, letters):
        self.tries += 1
        if not self.up:
            message = await letters.next()
            if message is None:
                return ""
            await asyncio.sleep(0)
            letters.give_back(message)
            return "not there"
        while (message := letters.take() or await letters.next()) is not None:
            await letters.offer(message)
            self.carried.append(message.recipient)
            letters.answered(message, self.outcome)
            self.after()
            await asyncio.sleep(0)
            if not self.up:
                return "gone"
        return ""

    async def close(self):
        self.closed = True


def bag(count):
    return Bag([letter(n) for n in range(count)])


def two(**settings):
    first, second, clock = OneOfThem("first:25"), OneOfThem("second:25", connections=3), Clock()
    return first, second, clock, Relays([first, second], clock, **settings)


async def test_the_first_carries_while_it_works():
    first, second, _, relays = two()
    assert await relays.carry(bag(3)) == ""
    assert await relays.hand_over(letter(9)) == Sent("250 ok")

    assert len(first.carried) == 4
    assert second.tries == 0
    assert relays.connections == 3


async def test_the_next_carries_what_the_first_was_not_offered():
    first, second, _, relays = two()
    letters = bag(5)
    first.after = lambda: setattr(first, "up", len(first.carried) < 2)
    assert await relays.carry(letters) == ""

    assert first.carried + second.carried == [f"reader{n}@inbox.example" for n in range(5)]
    assert len(first.carried) == 2


async def test_a_single_message_goes_over_the_next_too():
    first, second, _, relays = two()
    first.up = False

    assert await relays.hand_over(letter(0)) == Sent("250 ok")
    assert len(second.carried) == 1


async def test_when_none_can_be_reached_each_is_told():
    first, second, _, relays = two()
    first.up = second.up = False
    letters = bag(2)

    assert await relays.carry(letters) == "first:25: not there; second:25: not there"
    assert len(letters.waiting) == 2
    assert await relays.hand_over(letter(0)) == Deferred("first:25: not there; second:25: not there", line=True)


async def test_one_that_cannot_be_reached_is_left_alone_for_longer_and_longer():
    first, _, clock, relays = two()
    first.up = False
    tried = []
    for _ in range(1800):
        before = first.tries
        await relays.carry(bag(1))
        if first.tries > before:
            tried.append((clock.now - START).seconds)
        clock.tick(1)

    assert tried == [0, 15, 45, 105, 225, 465, 765, 1065, 1365, 1665]


async def test_the_first_carries_again_as_soon_as_it_works_again():
    first, second, clock, relays = two()
    first.up = False
    await relays.carry(bag(1))
    first.up = True
    await relays.carry(bag(1))
    assert not first.carried

    clock.tick(15)
    await relays.carry(bag(3))
    assert len(first.carried) == 3
    assert len(second.carried) == 2


async def test_a_long_run_over_the_next_goes_back_to_the_first_in_between():
    first, second, clock, relays = two()
    first.up = False
    letters = bag(60)

    def after():
        clock.tick(1)
        first.up = len(second.carried) > 20

    second.after = after
    assert await relays.carry(letters) == ""

    # tried in vain after 15 seconds, and with success 30 seconds later
    assert first.tries == 3
    assert len(second.carried) == 45
    assert len(first.carried) == 15


async def test_while_one_connection_finds_out_the_others_stay_where_they_are():
    first, second, clock, relays = two()
    first.up = False
    letters = bag(40)
    second.after = lambda: clock.tick(1)
    whys = await asyncio.gather(*(relays.carry(letters) for _ in range(3)))

    assert whys == ["", "", ""]
    assert len(second.carried) == 40
    # three at once in the beginning are one failure; then after 15 seconds one
    assert first.tries == 4


async def test_relays_that_rest_are_tried_all_the_same_when_no_other_is_left():
    first, second, _, relays = two()
    first.up = second.up = False
    await relays.carry(bag(1))
    second.up = True

    assert await relays.carry(bag(1)) == ""
    assert second.tries == 2


async def test_the_operator_hears_once_that_one_is_gone_and_once_that_it_is_back():
    heard = []
    first, _, clock, relays = two(notice=lambda event, **facts: heard.append((event, facts)))
    first.up = False
    for _ in range(3):
        await relays.carry(bag(1))
        clock.tick(400)
    first.up = True
    await relays.carry(bag(1))
    await relays.carry(bag(1))

    assert heard == [
        ("mail relay unreachable", {"relay": "first:25", "why": "not there"}),
        ("mail relay works again", {"relay": "first:25"}),
    ]


async def test_refusals_are_the_readers_matter_and_not_tried_elsewhere():
    first, second, _, relays = two()
    first.outcome = Refused("550 no")
    letters = bag(2)
    await relays.carry(letters)

    assert letters.kinds == ["Refused", "Refused"]
    assert second.tries == 0


async def test_all_are_closed():
    first, second, _, relays = two()
    await relays.close()

    assert first.closed
    assert second.closed


async def test_what_may_have_arrived_is_never_offered_to_another_relay():
    bad, good = RelayByScript(script={"end": [None, *[CUT] * 9]}), RelayByScript()
    letters = bag(8)
    async with relaying(bad) as first, relaying(good) as second:
        assert await Relays([first, second], Clock()).carry(letters) == ""

    assert letters.kinds == ["Sent"] + ["Unknown"] * 4 + ["Sent"] * 3
    assert [rcpt for _, rcpt, _ in good.accepted] == [f"reader{n}@inbox.example" for n in (5, 6, 7)]


async def test_a_relay_that_wants_none_of_our_mail_is_passed_over():
    bad, good = RelayByScript(script={"mail": ["554 5.7.1 account closed"] * 20}), RelayByScript()
    letters = bag(4)
    async with relaying(bad) as first, relaying(good) as second:
        assert await Relays([first, second], Clock()).carry(letters) == ""

    assert letters.kinds == ["Sent"] * 4
    assert len(good.accepted) == 4


async def test_silence_of_a_single_message_is_unknown_here_too():
    bad, good = RelayByScript(script={"end": [CUT]}), RelayByScript()
    async with relaying(bad) as first, relaying(good) as second:
        outcome = await Relays([first, second], Clock()).hand_over(letter(0))

    assert isinstance(outcome, Unknown)
    assert not good.accepted
