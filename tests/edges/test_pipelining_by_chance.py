"""Whatever a relay does, each message has one outcome, and none that the relay accepted is told to be anything else."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from nkwatch.domain.delivery import Sent, Unknown
from tests.edges.relaying import CUT, DROP, STALL, Bag, RelayByScript, letter, relaying

REFUSALS = ["550 5.1.1 no", "451 4.3.0 later", "421 4.3.2 closing", "552 full", "hm?", "299 odd", DROP, STALL]


def answers(*more):
    """Mostly yes."""
    return st.lists(st.one_of(st.none(), st.none(), st.none(), st.sampled_from([*REFUSALS, *more])), max_size=12)


SCRIPTS = st.fixed_dictionaries(
    {
        "greeting": st.lists(st.sampled_from([None, None, None, "554 no", DROP]), max_size=6),
        "mail": answers(),
        "rcpt": answers("251 2.1.5 elsewhere"),
        "data": answers(),
        "middle": st.lists(st.sampled_from([None] * 6 + [DROP, "552 5.3.4 too big"]), max_size=8),
        "end": answers(CUT, CUT, "250 fine"),
        "rset": st.lists(st.sampled_from([None, None, DROP, "451 no"]), max_size=4),
    }
)


async def some_rounds(relay, bag, connections):
    """Carry until all have an outcome, or the script is worn out; what was given back waits."""
    async with relaying(relay, timeout=0.05, last_timeout=0.05, connections=connections) as ours:
        for _ in range(12):
            whys = await asyncio.gather(*(ours.carry(bag) for _ in range(connections)))
            if not any(whys) and not bag.waiting:
                return


@settings(max_examples=150, deadline=None)
@given(
    script=SCRIPTS,
    pipelining=st.booleans(),
    careless=st.booleans(),
    packets=st.sampled_from([0, 0, 1, 7]),
    connections=st.integers(1, 3),
    sizes=st.lists(st.sampled_from([0, 0, 2_000, 400_000]), min_size=1, max_size=9),
)
def test_each_message_has_one_outcome_and_what_the_relay_accepted_is_never_denied(
    script, pipelining, careless, packets, connections, sizes
):
    announces = ("PIPELINING", "DSN") if pipelining else ("DSN",)
    relay = RelayByScript(announces=announces, script=script, careless=careless, packets=packets)
    messages = {m.recipient: m for m in (letter(n, size=size) for n, size in enumerate(sizes))}
    bag = Bag(messages.values())
    asyncio.run(some_rounds(relay, bag, connections))

    waiting = {m.recipient for m in bag.waiting}
    assert not bag.out
    assert set(bag.outcomes) | waiting == set(messages)
    assert not set(bag.outcomes) & waiting
    accepted = [rcpt for _, rcpt, _ in relay.accepted]
    sent = {recipient for recipient, outcome in bag.outcomes.items() if isinstance(outcome, Sent)}
    unknown = {recipient for recipient, outcome in bag.outcomes.items() if isinstance(outcome, Unknown)}
    assert sent <= set(accepted) <= sent | unknown
    # no outcome was found out by handing over twice
    assert len(set(accepted)) == len(accepted)
    assert all(body == messages[rcpt].content for _, rcpt, body in relay.accepted)


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 15), refused=st.sets(st.integers(0, 14)), careless=st.booleans())
def test_n_messages_cost_n_round_trips_more_than_the_connection_whoever_is_refused(count, refused, careless):
    about = {(f"reader{n}@inbox.example", "rcpt"): "550 5.1.1 unknown" for n in refused}
    relay = RelayByScript(about=about, careless=careless)
    bag = Bag([letter(n) for n in range(count)])

    async def one_round():
        async with relaying(relay) as ours:
            assert await ours.carry(bag) == ""
            return relay.rounds

    # EHLO and the first envelope
    assert asyncio.run(one_round()) == 2 + count
    assert len(relay.sessions) == 1
