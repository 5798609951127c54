"""What comes back: which word on a delivery outweighs which, and what has arrived at the canary."""

import pytest

from nkwatch.domain.bounce import BounceKind
from nkwatch.domain.returned import Accepted, weaker
from tests.making import NOW

OURS, RELAY = "<token@watch.example>", "0102abcd-000000"


@pytest.mark.parametrize(
    ("kind", "outweighed"),
    [
        (BounceKind.NONE, {""}),
        (BounceKind.SOFT, {"", "none"}),
        (BounceKind.HARD, {"", "none", "soft"}),
        (BounceKind.COMPLAINT, {"", "none", "soft", "hard"}),
    ],
)
def test_a_later_word_on_a_delivery_counts_only_if_it_is_stronger(kind: BounceKind, outweighed: set[str]) -> None:
    assert set(weaker(kind)) == outweighed


@pytest.mark.parametrize(
    ("relay_id", "seen", "arrived"),
    [
        ("", {OURS}, True),
        (RELAY, {OURS}, True),
        (RELAY, {f"<{RELAY}@relay.example>"}, True),
        (RELAY, {f"<x{RELAY}@relay.example>", f"<{RELAY}x@relay.example>"}, False),
        ("", {"<@relay.example>", ""}, False),
        ("", set(), False),
    ],
)
def test_a_bulletin_has_arrived_under_its_own_message_id_or_its_relays(
    relay_id: str, seen: set[str], arrived: bool
) -> None:
    assert Accepted(7, NOW, OURS, relay_id).arrived(seen) is arrived
