"""What changed from one backtest to another: whoever changes rules wants to know what it brings and what it costs.

Stories are the same where they share a statement, whatever they are called and whichever statement leads.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nkwatch.domain.problems import ConfigError

Record = Mapping[str, Any]


def changes(now: Record, before: Record) -> dict[str, Any]:
    """What `now` has that `before` had not, and the other way round, by week; weeks without changes are left out.

    Both are as `record` makes them. Raises `ConfigError` where `before` is something else.
    """
    try:
        weeks = [
            _week(name, _by_name(now).get(name, {}), _by_name(before).get(name, {})) for name in _names(now, before)
        ]
    except (TypeError, KeyError, AttributeError) as wrong:
        raise ConfigError(f"what is compared with is no answer of `nkwatch backtest --json` ({wrong!r})") from wrong
    found = [week for week in weeks if any(value for name, value in week.items() if name != "week")]
    return {"rules": now.get("rules", ""), "rules_before": before.get("rules", ""), "weeks": found}


def _names(now: Record, before: Record) -> list[str]:
    return sorted({*_by_name(now), *_by_name(before)})


def _by_name(one: Record) -> dict[str, Record]:
    return {week["week"]: week for week in one["weeks"]}


def _week(name: str, now: Record, before: Record) -> dict[str, Any]:
    told, told_before = (one.get("digest", {}).get("stories", []) for one in (now, before))
    raised, raised_before = (one.get("alerts", []) for one in (now, before))
    return {
        "week": name,
        "stories_gained": [_named(s, "id") for s in _without(told, told_before)],
        "stories_lost": [_named(s, "id") for s in _without(told_before, told)],
        "alerts_gained": [_alert(a) for a in _without(raised, raised_before)],
        "alerts_lost": [_alert(a) for a in _without(raised_before, raised)],
        "alerts_changed": [
            _alert(a) | {"state_before": same["state"], "why_before": same["why"]}
            for a in raised
            if (same := _same(a, raised_before)) and same["state"] != a["state"]
        ],
    }


def _without(those: Sequence[Record], others: Sequence[Record]) -> list[Record]:
    return [one for one in those if _same(one, others) is None]


def _same(one: Record, others: Sequence[Record]) -> Record | None:
    ids = _statements(one)
    return next((other for other in others if not ids.isdisjoint(_statements(other))), None)


def _statements(one: Record) -> frozenset[str]:
    return frozenset(report["id"] for report in one["reports"])


def _named(one: Record, name: str) -> dict[str, Any]:
    return {name: one[name], "title": one["title"], "publisher": one["publisher"], "published": one["published"]}


def _alert(one: Record) -> dict[str, Any]:
    return _named(one, "story") | {"state": one["state"], "why": one["why"]}
