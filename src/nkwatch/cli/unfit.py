"""Why a story is not what a reader chose: muted by what, or on which side of which wish it falls out.

Followed and muted words and names are never told: they say what somebody fears.
"""

from collections.abc import Iterable

from nkwatch.domain.subscriber import Choice
from nkwatch.domain.wish import Mutes, Wish
from nkwatch.editing.matching import Offer, heard, wanted


def unfit(choice: Choice, offer: Offer) -> str:
    """A sentence; empty when the story is wanted."""
    left = heard(choice.mutes, offer)
    if left is None:
        return f"it is muted: {_muted(choice.mutes, offer)}"
    if wanted(choice.wishes, left):
        return ""
    told = [_outside(wish, left) for wish in choice.wishes]
    if len(told) == 1:
        return f"it does not fit the wish: {told[0]}"
    return "it fits no wish: " + "; ".join(f"{n}. {why}" for n, why in enumerate(told, 1))


def _muted(mutes: Mutes, offer: Offer) -> str:
    left = offer.besides(mutes)
    if left is None:
        return f"all its reports come from muted sources or kinds of source ({_list({*offer.sources, *offer.roles})})"
    if themes := mutes.themes & left.themes:
        return f"by the theme {_list(themes)}"
    return "by a word" if left.words(mutes.follows) else "by a name"


def _outside(wish: Wish, offer: Offer) -> str:
    """On which sides a story falls out of a wish."""
    followed = ["no followed word or name stands in it"] if wish.follows else []
    if wish.only_follows:
        return followed[0]
    sides = []
    if wish.themes and not wish.themes & offer.themes:
        is_on = _list(offer.themes) or "none"
        sides.append(f"it asks for the themes {_list(wish.themes)}, and the story is on {is_on}")
    elif not wish.themes and not offer.rights:
        sides.append("no report of it is on human rights: only who names one of its themes gets it")
    if (wish.sources or wish.roles) and not (wish.sources & offer.sources or wish.roles & offer.roles):
        asked, has = {*wish.sources, *wish.roles}, {*offer.sources, *offer.roles}
        sides.append(f"it asks for sources or kinds of source ({_list(asked)}), and the story has {_list(has)}")
    return ", and ".join([*sides, *followed])


def _list(values: Iterable[str]) -> str:
    return ", ".join(sorted(map(str, values)))
