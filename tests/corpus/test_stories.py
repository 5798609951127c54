"""Floors for stories on statements that the project wrote: a change that makes grouping worse fails here."""

import json
from datetime import datetime
from itertools import combinations
from pathlib import Path

from nkwatch.catalogue.stories import load_vocabulary
from nkwatch.domain.statement import Statement
from nkwatch.reading.stories import Shelf
from tests.making import statement

RECORDS = [json.loads(line) for line in Path(__file__).with_name("stories.jsonl").read_text("utf-8").splitlines()]
PRECISION, RECALL = 0.92, 0.96


def told(record: dict[str, str]) -> Statement:
    """A record as a statement."""
    published = datetime.fromisoformat(f"{record['date']}T00:00+00:00")
    known = {key: record[key] for key in ("id", "title", "text", "publisher")}
    return statement(**known, language=record["lang"], url="", published=published)


def test_reports_of_one_event_come_together_and_others_stay_apart() -> None:
    shelf = Shelf(vocabulary=load_vocabulary())
    placed = {r["id"]: shelf.place(told(r)) for r in sorted(RECORDS, key=lambda r: (r["date"], r["id"]))}
    pairs = [(placed[a["id"]] == placed[b["id"]], a["story"] == b["story"]) for a, b in combinations(RECORDS, 2)]
    right = pairs.count((True, True))
    assert right / (right + pairs.count((True, False))) >= PRECISION
    assert right / (right + pairs.count((False, True))) >= RECALL


def test_the_set_holds_enough_pairs_in_several_languages() -> None:
    assert sum(a["story"] == b["story"] for a, b in combinations(RECORDS, 2)) >= 150
    assert {r["lang"] for r in RECORDS} == {"en", "ko", "ja", "es", "fr", "de"}
