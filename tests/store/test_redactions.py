"""Redactions as they are written: what was taken out stands nowhere any more, and what arrives is redacted first."""

import asyncio
import html
import json
import quopri
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
import zstandard
from sqlalchemy import Connection, insert, select, text, update

from nkwatch.domain.bulletin import Addressed, Block, BulletinKind, Composition, Mailing, Slot
from nkwatch.domain.correction import Correction
from nkwatch.domain.desk import Note, Ruling, RulingKind, Translation
from nkwatch.domain.errand import Purpose, Ran
from nkwatch.domain.identity import Known, Sifted, identity_keys, sift
from nkwatch.domain.reading import Evidence, Mention, Quote, Urgency
from nkwatch.domain.redaction import SQUARES, Affected
from nkwatch.domain.statement import Origin, Presence
from nkwatch.domain.story import AlertState
from nkwatch.keys import Keyring
from nkwatch.mail.encoding import fill, freeze
from nkwatch.reading.names import name_key
from nkwatch.store import schema
from nkwatch.store.arriving import Arrivals
from nkwatch.store.contents import Contents
from nkwatch.store.indexing import IndexStore
from nkwatch.store.key_use import KeyUse, key_use
from nkwatch.store.posting import Post
from nkwatch.store.redactions import RedactionStore
from nkwatch.store.seals import Seals
from nkwatch.store.statements import StatementStore
from nkwatch.store.subscribers import SubscriberStore
from nkwatch.workflow.redact import Redact, Redacted
from tests.making import NOW, article, entry, errand, placement, polled, sifted, snapshot, statement
from tests.store.conftest import KEYRING, SOURCES, Stores
from tests.store.people import confirmed
from tests.store.test_waiting import readers
from tests.workflow.fakes import FakeClock

FORMS = ["리은영", "Ri Un-yong", "Un-yong Ri"]
URL = "https://a.example/2026/ri-un-yong-held"
KOREAN = "https://a.example/" + quote("리은영")
PAGE = "<html><p>Ri Un-yong is held, said 리은영's mother.</p></html>"
NAMED = Evidence("title", 0, 10, "Ri Un-yong")
HOUR = timedelta(hours=1)


def named() -> Any:
    """A statement that names her everywhere."""
    return statement(
        "s1", title="Ri Un-yong is held in Hoeryong", text="Ms Ri Un Yong (리은영) was taken.\n\nShe is held.", url=URL,
        teaser=f"See {KOREAN}", author="Un-yong Ri",
    )  # fmt: skip


def removed(language: str, _: str) -> str:
    """What stands instead of a block."""
    return f"removed [{language}]\n"


def redact(stores: Stores, clock: FakeClock | None = None) -> Redact:
    """Takes things out of this database."""
    redactions = RedactionStore(stores.database, KEYRING, fill)
    return Redact(redactions, removed, clock or FakeClock(NOW + HOUR), pause=0)


async def person(stores: Stores) -> Redacted:
    """She is taken out."""
    done = await redact(stores).person(FORMS, "Ann", "asked by Ri Un-yong's mother")
    assert isinstance(done, Redacted)
    return done


async def told(stores: Stores) -> None:
    """Statements, readings, words of editors, mails: all tell of her."""
    one, other = named(), statement("s2", title="Rice prices rise", published=NOW - HOUR)
    keys = frozenset({f"url:a.example/{quote('리은영')}", "guid:ri-un-yong-1", "title:ri un-yong is held|2026-11-22"})
    found = Sifted((Known(one, keys), *sifted(other).new), errands=(errand("s2", url=URL),))
    await stores.statements.record_polls([polled(found, snapshot=snapshot(PAGE.encode()))])
    who = Mention(NAMED, name_key("Ri Un-yong"))
    placed = placement(one, cases=(who,), quotes=(Quote(NAMED, "리은영"),), urgency=Urgency.URGENT)
    await stores.statements.record_readings([placed, placement(other)], NOW)
    edited = replace(one, text=one.text + "\n\nShe, Ri Un-yong, was seen.", revision=2, edited_at=NOW)
    await stores.statements.record_polls([polled(Sifted(edited=(edited,)))])
    again = placement(edited, "s1", cases=(who,), quotes=(Quote(NAMED, "리은영"),))
    await stores.statements.record_readings([again], NOW)
    await IndexStore(stores.database).index(9)
    await editors(stores)
    await mails(stores)


async def editors(stores: Stores) -> None:
    """What editors said of her."""
    said = Correction("s1", 2, "test.1", NOW, "Ann", "that is 리은영", urgency=Urgency.NOTABLE)
    await stores.readings.record_correction(said, "s1", (), NOW)
    note = Note((("en", "Ri Un-yong is safe."), ("ko", "리은영은 무사하다.")), "Ann", NOW)
    await stores.desk.note("s2", note, NOW)
    await stores.desk.translate(Translation("s2", "ko", "쌀값", "리은영이 말했다", "Ann", NOW))
    await stores.desk.rule(Ruling("s1", RulingKind.CORRECT, "Ann", NOW, "her name is Ri Un-yong"), note)
    await stores.statements.record_alert("s1", AlertState.HELD, "names Ri Un-yong", NOW)
    page = {"id": "c", "key": name_key("Ri Un-yong"), "opened_at": NOW, "words": [{"heading": "리은영"}]}
    act = {"key": name_key("Ri Un-yong"), "deed": "open", "editor": "Ann", "at": NOW, "words": [{"text": "Ri Un-yong"}]}
    with stores.database.engine.begin() as connection:
        connection.execute(insert(schema.case_page).values(**page))
        connection.execute(insert(schema.case_act).values(**act))


def block_text() -> str:
    return f"Ri Un-yong is held in Hoeryong\n{URL}\nhttps://watch.example/stories/s1\n리은영 says more than one line can hold.\n"


async def mails(stores: Stores) -> None:
    """A digest and an alert that tell of her, one with a line of the reader's own."""
    reader = await confirmed(stores, "ann@example.org")
    page = f'<div class="story"><a href="{URL}">Ri Un-yong</a> <b>리은영</b></div>\n'
    text_part = (
        *freeze(block_text()),
        Slot("reasons_s1"),
        *freeze("Rice prices rise\nhttps://watch.example/stories/s2\n"),
    )
    content = Composition(
        BulletinKind.DIGEST, "en", "Ri Un-yong is held · Weekly digest", text_part, freeze(page), stories=("s1", "s2")
    )
    slots = (("reasons_s1", "You follow Ri Un-yong"), ("phrase", "a heron"))
    mailing = Mailing("digest", BulletinKind.DIGEST, NOW, (Addressed(reader, content, slots),))
    await stores.outbox.enqueue(mailing)
    note = {"words": [["en", "Ri Un-yong is safe"]], "editor": "Ann", "at": NOW.isoformat()}
    with stores.database.engine.begin() as connection:
        connection.execute(update(schema.bulletin).values(note=note))
        connection.execute(update(schema.delivery).values(reply="250 Ri Un-yong is queued"))


def everything(stores: Stores) -> str:
    """All that the tables hold, read however it is written; but not what readers' own seals hide."""
    said: list[str] = []
    with stores.database.engine.connect() as connection:
        for table in schema.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                said += [f"{table.name}.{n}: {_read(table.name, n, v)}" for n, v in row._mapping.items()]
        index = "search" if connection.dialect.name == "sqlite" else "search ORDER BY number"
        said += [str(tuple(row)) for row in connection.execute(text(f"SELECT * FROM {index}"))]
    whole = "\n".join(said)
    return "\n".join((whole, unquote(whole), html.unescape(whole)))


def _read(table: str, name: str, value: Any) -> str:
    if table == "block":
        return quopri.decodestring(value).decode() if isinstance(value, bytes) else str(value)
    if (table, name) == ("snapshot", "zstd"):
        return zstandard.ZstdDecompressor().decompress(value).decode() if value else ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def traces(said: str) -> list[str]:
    """The lines in which she is named."""
    flat = unicodedata.normalize("NFKC", said).casefold()
    forms = ("리은영", "un-yong", "un yong", "unyong", "un_yong", name_key("Ri Un-yong"))
    return [line for line in flat.splitlines() if any(form in line for form in forms)]


async def test_after_a_redaction_nobody_is_named_anywhere(durable: Stores) -> None:
    await told(durable)
    assert len({line.partition(":")[0] for line in traces(everything(durable))}) > 20
    done = await person(durable)
    assert traces(everything(durable)) == []
    assert (done.clean, done.redaction) == (True, 1)
    counts = done.affected.counts
    assert counts["statements"] == 1
    assert counts["snapshots"] == 1
    assert counts["keys"] == 3
    assert counts["blocks"] == 2
    assert counts["compositions"] == counts["pending deliveries"] == counts["lines of readers"] == 1


async def test_not_a_byte_of_the_name_is_left_in_the_files(own_file: Stores, tmp_path: Path) -> None:
    await told(own_file)
    escaped = json.dumps("리은영")[1:-1]
    wire = quopri.encodestring("리은영".encode()).replace(b"=\n", b"")
    needles = (
        "리은영".encode(),
        "은영".encode(),
        b"Un-yong",
        b"Un Yong",
        b"un-yong",
        escaped.encode(),
        wire,
        quote("리은영").encode(),
    )
    before = b"".join(p.read_bytes() for p in tmp_path.glob("nkwatch.db*"))
    assert [n for n in needles if n not in before] == []
    assert (await person(own_file)).clean
    after = b"".join(p.read_bytes() for p in tmp_path.glob("nkwatch.db*"))
    assert [n for n in needles if n in after] == []


async def test_a_dry_run_counts_the_same_and_writes_nothing(durable: Stores) -> None:
    await told(durable)
    before = everything(durable)
    foreseen = await redact(durable).foresee_person(FORMS)
    assert everything(durable) == before
    assert isinstance(foreseen, Affected)
    assert foreseen.samples == (("s1", "Ri Un-yong is held in Hoeryong"),)
    done = await person(durable)
    assert foreseen.counts == done.affected.counts


async def test_the_statement_is_a_new_revision_that_is_read_anew_and_its_story_stands(durable: Stores) -> None:
    await told(durable)
    await person(durable)
    (waiting,) = await durable.statements.unread(9, NOW + HOUR)
    one = waiting.statement
    assert (one.id, one.revision, waiting.story_id) == ("s1", 3, "s1")
    assert one.title == f"{SQUARES} is held in Hoeryong"
    assert (one.url, one.author, one.teaser) == ("", SQUARES, f"See {SQUARES}")
    (story,) = await durable.statements.stories(["s1"])
    assert [f.code for f in story.reports[0].reading.themes] == ["prisons"]
    assert story.reports[0].reading.quotes == ()
    assert durable.one(select(schema.statement.c.number).where(schema.statement.c.id == "s1")) is None
    await arriving(durable).record_readings([placement(one, "s1")], NOW + HOUR)
    assert await durable.statements.unread(9, NOW + HOUR) == []


async def test_doing_it_twice_changes_nothing_more(durable: Stores) -> None:
    await told(durable)
    await person(durable)
    before = everything(durable)
    again = await person(durable)
    assert again.redaction == 1
    assert {n: c for n, c in again.affected.counts.items() if n not in {"compositions", "pending deliveries"}} == {}
    assert everything(durable) == before


async def test_broken_off_at_any_step_it_ends_right_when_it_is_gone_on_with(opened: Callable[[], Stores]) -> None:
    stores = opened()
    await told(stores)
    store = RedactionStore(stores.database, KEYRING, fill)
    begun = await store.begin_person(FORMS, "Ann", "", NOW)
    this = store.begun(begun.forms, begun.id, NOW)
    for name in store.steps()[: len(store.steps()) // 2]:
        this, after, _ = await store.step(name, this, None)
        assert after is None
    other = redact(opened())
    (ended,) = await other.resume()
    assert ended.affected.counts["compositions"] == 1
    assert traces(everything(stores)) == []
    assert await other.resume() == []


async def test_blocks_keep_their_numbers_and_ids_and_what_was_redacted_is_known(durable: Stores) -> None:
    await told(durable)
    query = select(schema.composition.c.id, schema.composition.c.pieces)
    before = durable.rows(query)
    blocks = durable.rows(select(schema.block.c.number, schema.block.c.id).order_by(schema.block.c.number))
    await person(durable)
    assert durable.rows(query) == before
    assert durable.rows(select(schema.block.c.number, schema.block.c.id).order_by(schema.block.c.number)) == blocks
    store = RedactionStore(durable.database, KEYRING, fill)
    assert await store.redacted("composition", [before[0].id, "other"]) == {before[0].id: NOW + HOUR}
    assert len(await store.redacted("block", [b.id for b in blocks])) == 2
    assert set(await store.redacted("statement", ["s1", "s2"])) == {"s1"}
    ((sha256, had, _),) = await store.destroyed("s1")
    assert (sha256, had) == (snapshot(PAGE.encode()).sha256, NOW)
    assert await durable.statements.snapshots("s1") == []


async def test_a_process_that_has_read_a_mail_shows_it_redacted_at_once(opened: Callable[[], Stores]) -> None:
    reading, redacting = opened(), opened()
    await told(reading)
    name = reading.one(select(schema.composition.c.id))
    before = await reading.outbox.shared(name)
    assert b"Un-yong" in before[0].text[0].body
    await person(redacting)
    after, _ = await reading.outbox.shared(name)
    assert b"Un-yong" not in b"".join(b.body for b in after.blocks)
    assert after.subject == f"{SQUARES} is held · Weekly digest"
    assert all(line.endswith(b"\r\n") and len(line) <= 78 for b in after.blocks for line in b.body.splitlines(True))


async def test_who_sees_an_older_state_of_the_database_keeps_nothing_of_it(durable: Stores) -> None:
    await told(durable)
    name = durable.one(select(schema.composition.c.id))
    contents = Contents()
    contents._generation = 99
    with durable.database.engine.connect() as connection:
        assert name in contents.read(connection, [name])
    assert (contents._generation, contents._compositions.taken) == (99, 0)


async def test_pending_mail_goes_out_redacted_and_without_lines_that_name_her(durable: Stores) -> None:
    await told(durable)
    await person(durable)
    row = durable.rows(select(schema.delivery))[0]
    assert Seals(KEYRING).slots(row.slots, row.bulletin, row.subscriber_id) == (("phrase", "a heron"),)
    assert (row.state, row.reply) == ("pending", f"250 {SQUARES} is queued")


async def test_who_is_written_otherwise_is_told_to_the_editor(durable: Stores) -> None:
    one = statement("s3", title="Lee Eun-yong is held", text="x")
    await durable.statements.record_polls([polled(sifted(one))])
    who = Evidence("title", 0, 12, "Lee Eun-yong")
    read = placement(one, cases=(Mention(who, name_key("Ri Un-yong")),))
    await durable.statements.record_readings([read], NOW)
    foreseen = await redact(durable).foresee_person(FORMS)
    assert isinstance(foreseen, Affected)
    assert (foreseen.spellings, foreseen.counts) == ({"Lee Eun-yong"}, {"names found": 1})


def arriving(stores: Stores) -> StatementStore:
    """The statements as another process has them."""
    return StatementStore(stores.database, SOURCES, Arrivals(KEYRING))


async def test_what_arrives_later_is_redacted_before_it_is_stored(durable: Stores) -> None:
    await person(durable)
    statements = arriving(durable)
    one = named()
    keys = frozenset({"guid:ri-un-yong-1", f"url:a.example/{quote('리은영')}", "guid:other"})
    found = Sifted((Known(one, keys),), errands=(errand("s1", url=URL),), further_keys=())
    kept = polled(found, snapshot=snapshot(PAGE.encode()))
    assert await statements.record_polls([kept]) == 1
    assert traces(everything(durable)) == []
    assert durable.count("snapshot") == durable.count("errand") == 0
    assert set(await statements.known("Publisher a", keys)) == keys
    assert (await statements.known("Publisher a", keys))["guid:other"].title == f"{SQUARES} is held in Hoeryong"


async def test_bytes_that_name_nobody_are_kept_with_what_they_show(durable: Stores) -> None:
    await person(durable)
    other = statement("s2", title="Rice prices rise")
    await arriving(durable).record_polls([polled(sifted(other), snapshot=snapshot(b"<p>Rice</p>"))])
    assert [s.body for s in await durable.statements.snapshots("s2")] == [b"<p>Rice</p>"]


async def test_pages_that_come_later_are_redacted(durable: Stores) -> None:
    await person(durable)
    statements = arriving(durable)
    waiting = errand("s1", Purpose.ARTICLE)
    one = statement("s1", text="A short text.")
    await statements.record_polls([polled(replace(sifted(one), errands=(waiting,)))])
    page = article("Ri Un-yong was seen in Hoeryong, said those who know her well.", author="리은영")
    await statements.record_errand(Ran(waiting, NOW, page, snapshot(PAGE.encode())))
    assert traces(everything(durable)) == []
    (unread,) = await statements.unread(9, NOW + HOUR)
    assert unread.statement.text.startswith(f"{SQUARES} was seen")
    await statements.record_errand(Ran(waiting, NOW, article("Nobody is named here."), snapshot(b"<p>clean</p>")))
    assert durable.count("snapshot") == 1


async def test_an_entry_that_was_redacted_is_known_again_and_is_no_edit(durable: Stores) -> None:
    shown = entry("Ri Un-yong is held", url=URL, text="리은영 was taken.", guid="ri-un-yong-1")
    origin = Origin("a", "Publisher a", "en", backlog=False)
    raw = ((shown, identity_keys(shown)),)
    statements = arriving(durable)
    await statements.record_polls([polled(sift(raw, {}, origin, NOW))])
    await person(durable)
    forms = await RedactionStore(durable.database, KEYRING, fill).forms()
    clean = forms.identified(raw)
    known = await statements.known("Publisher a", identity_keys(shown))
    again = sift(clean, known, origin, NOW + HOUR)
    assert (again.new, again.edited, again.known) == ((), (), 1)
    # also where whoever looked it up did not know of the redaction
    late = sift(raw, known, origin, NOW + HOUR)
    assert len(late.edited) == 1
    await statements.record_polls([polled(replace(late, errands=(errand(late.edited[0].id),)))])
    assert durable.count("statement_revision") == durable.count("errand") == 0
    edited = replace(clean[0][0], text="She came back.")
    more = sift(((edited, clean[0][1]),), known, origin, NOW + HOUR)
    await statements.record_polls([polled(more, snapshot=snapshot(b"She came back."))])
    assert durable.count("statement_revision") == durable.count("snapshot") == 1


async def test_what_is_lifted_applies_no_longer_and_is_forgotten(durable: Stores) -> None:
    done = await person(durable)
    store = RedactionStore(durable.database, KEYRING, fill)
    statements = arriving(durable)
    await statements.record_polls([polled(sifted(named()))])
    assert await store.lift(done.redaction, NOW)
    assert not await store.lift(done.redaction, NOW)
    (one,) = await store.listed()
    assert (one.forms, one.lifted_at, one.reason) == ((), NOW, f"asked by {SQUARES}'s mother")
    await statements.record_polls([polled(sifted(replace(named(), id="s9", url="https://a.example/9")))])
    titles = durable.rows(select(schema.statement.c.title).order_by(schema.statement.c.id))
    assert [row.title for row in titles] == [f"{SQUARES} is held in Hoeryong", "Ri Un-yong is held in Hoeryong"]


async def test_forms_are_sealed_and_shown_to_who_has_the_keys(durable: Stores) -> None:
    await person(durable)
    assert traces(everything(durable)) == []
    (one,) = await RedactionStore(durable.database, KEYRING, fill).listed()
    assert (one.forms, one.editor, one.done_at) == (tuple(FORMS), "Ann", NOW + HOUR)
    assert "Un-yong" not in repr(one)


async def test_of_a_statement_nothing_is_left_but_its_id_source_and_dates(durable: Stores) -> None:
    await told(durable)
    done = await redact(durable).statement("s1", "Ann", "published by mistake")
    assert isinstance(done, Redacted)
    row = durable.rows(select(schema.statement).where(schema.statement.c.id == "s1"))[0]
    assert (row.title, row.text, row.teaser, row.url, row.author) == ("", "", "", "", "")
    assert (row.presence, row.source_id, row.published, row.story_id) == (Presence.REDACTED, "a", NOW, "s1")
    for table in ("statement_revision", "reading", "named", "mark", "errand", "translation"):
        held = schema.metadata.tables[table]
        assert not durable.rows(select(held).where(held.c.statement_id == "s1")), table
    assert await durable.statements.stories(["s1"]) == []
    assert len(await durable.statements.stories(["s2"])) == 1
    assert await durable.statements.snapshots("s1") == []
    assert (await durable.statements.unread(9, NOW + HOUR), await durable.statements.held_alerts()) == ([], [])
    assert durable.one(select(schema.story.c.alert).where(schema.story.c.id == "s1")) == AlertState.NONE


async def test_mails_say_in_their_language_that_a_statement_was_removed(durable: Stores) -> None:
    await told(durable)
    done = await redact(durable).statement("s1", "Ann", "")
    assert isinstance(done, Redacted)
    name = durable.one(select(schema.composition.c.id))
    found = await durable.outbox.shared(name)
    content, _ = found
    said = b"".join(b.body for b in content.text if isinstance(b, Block))
    assert said == b"removed [en]\r\nRice prices rise\r\nhttps://watch.example/stories/s2\r\n"
    assert content.subject == SQUARES
    counts = done.affected.counts
    assert (counts["compositions"], counts["blocks"], counts["pending deliveries"]) == (1, 1, 1)


async def test_frames_that_quote_a_removed_statement_are_blacked_out(durable: Stores) -> None:
    one = statement("s1", title="A family is missing in Hoeryong", text="They were last seen on a Friday in June.")
    await durable.statements.record_polls([polled(sifted(one))])
    await durable.statements.record_readings([placement(one)], NOW)
    reader = await confirmed(durable, "ann@example.org")
    subject = "A family is missing… · Weekly digest"
    page = f'<div aria-label="{subject}">They were last seen on a Friday in June.</div>Human rights in North Korea\n'
    content = Composition(BulletinKind.DIGEST, "ko", subject, freeze("x\n"), freeze(page), stories=("s1",))
    await durable.outbox.enqueue(Mailing("d", BulletinKind.DIGEST, NOW, (Addressed(reader, content),)))
    await redact(durable).statement("s1", "Ann", "")
    after, _ = await durable.outbox.shared(durable.one(select(schema.composition.c.id)))
    (shown,) = [quopri.decodestring(b.body).decode() for b in after.html if isinstance(b, Block)]
    assert shown == f'<div aria-label="{SQUARES}">{SQUARES}</div>Human rights in North Korea\r\n'
    assert after.subject == SQUARES


async def test_a_removed_statement_does_not_come_back(durable: Stores) -> None:
    await told(durable)
    keys = ["guid:ri-un-yong-1", "title:ri un-yong is held|2026-11-22"]
    await redact(durable).statement("s1", "Ann", "")
    statements = arriving(durable)
    known = await statements.known("Publisher a", keys)
    assert {s.id for s in known.values()} == {"s1"}
    assert not await statements.record_presence("s1", Presence.KEPT)
    edited = replace(named(), revision=9, edited_at=NOW)
    bad = Sifted(edited=(edited,), further_keys=(("guid:new", "s1"),), errands=(errand("s1"),))
    await statements.record_polls([polled(bad, snapshot=snapshot(PAGE.encode()))])
    await statements.record_errand(Ran(errand("s1"), NOW, article(), snapshot(PAGE.encode())))
    row = durable.rows(select(schema.statement).where(schema.statement.c.id == "s1"))[0]
    assert (row.title, row.text, durable.count("statement_revision")) == ("", "", 0)
    stored = durable.rows(select(schema.statement_key.c.key).where(schema.statement_key.c.statement_id == "s1"))
    assert all(":redacted:" in k for (k,) in stored)
    assert (await statements.known("Publisher a", ["guid:new"]))["guid:new"].id == "s1"


async def test_a_story_with_other_reports_stands_without_the_removed_one(durable: Stores) -> None:
    one, other = statement("s1"), statement("s2", title="The same, by others")
    await durable.statements.record_polls([polled(sifted(one, other))])
    await durable.statements.record_readings([placement(one), placement(other, "s1")], NOW)
    await durable.statements.record_alert("s1", AlertState.HELD, "waits", NOW)
    await redact(durable).statement("s1", "Ann", "")
    (story,) = await durable.statements.stories(["s1"])
    assert ([r.statement.id for r in story.reports], story.alert) == (["s2"], AlertState.HELD)


async def test_mails_from_before_a_statement_was_moved_to_another_story_are_found(durable: Stores) -> None:
    await told(durable)
    await durable.database.write(lambda c: c.execute(update(schema.statement).values(story_id="s2")))
    await redact(durable).statement("s1", "Ann", "")
    content, _ = await durable.outbox.shared(durable.one(select(schema.composition.c.id)))
    said = b"".join(b.body for b in content.blocks)
    assert b"removed [en]" in said
    assert b"held in Hoeryong" not in said


async def test_a_statement_off_north_korea_is_removed_too(durable: Stores) -> None:
    await durable.statements.record_polls([polled(sifted(statement("s1")))])
    foreseen = await redact(durable).foresee_statement("s1")
    assert isinstance(foreseen, Affected)
    assert foreseen.counts == {"statements": 1, "keys": 1}
    done = await redact(durable).statement("s1", "Ann", "")
    assert isinstance(done, Redacted)
    assert done.affected.counts == foreseen.counts


async def test_a_removal_that_was_broken_off_is_gone_on_with(opened: Callable[[], Stores]) -> None:
    stores = opened()
    await told(stores)
    store = RedactionStore(stores.database, KEYRING, fill)
    begun = await store.begin_statement("s1", "Ann", "", NOW)
    await store.hide(store.begun((), begun.id, NOW), "s1")
    assert await stores.statements.stories(["s1"]) == []
    assert len(await redact(opened()).resume()) == 1
    assert durable_texts(stores) == ["Three people have not been seen."]


def durable_texts(stores: Stores) -> list[str]:
    return [row.text for row in stores.rows(select(schema.statement.c.text).where(schema.statement.c.text != ""))]


async def test_a_reading_that_was_made_before_is_not_stored_after(durable: Stores) -> None:
    await told(durable)
    statements = arriving(durable)
    late = placement(replace(named(), revision=2), "s1", quotes=(Quote(NAMED, "리은영"),))
    await person(durable)
    await statements.record_readings([late], NOW)
    assert traces(everything(durable)) == []
    await redact(durable).statement("s2", "Ann", "")
    await statements.record_readings([placement(statement("s2"))], NOW)
    assert durable.count("reading") == 2


async def test_sealed_names_move_to_a_new_key_and_their_entries_are_known_all_the_same(durable: Stores) -> None:
    await told(durable)
    await person(durable)
    newer = Keyring({1: KEYRING.masters[1], 2: b"n" * 32}, current=2)
    assert await key_use(durable.database, newer) == {1: KeyUse(readers=2, erased=1)}
    await SubscriberStore(durable.database, newer).reseal(99)
    assert await key_use(durable.database, newer) == {1: KeyUse(erased=1), 2: KeyUse(readers=2)}
    redactions = RedactionStore(durable.database, newer, fill)
    assert (await redactions.listed())[0].forms == tuple(FORMS)
    again = await redactions.begin_person([f.upper() for f in FORMS], "Ann", "", NOW)
    assert (again.id, again.done_at) == (1, None)
    statements = StatementStore(durable.database, SOURCES, Arrivals(newer))
    assert "guid:ri-un-yong-1" in await statements.known("Publisher a", ["guid:ri-un-yong-1"])


# What is composed meanwhile


def late(stores: Stores, as_of: int | None, reader: Any) -> Mailing:
    """A digest that was composed before, to be written after."""
    block = freeze("Ri Un-yong is held.\n")
    digest = Composition(BulletinKind.DIGEST, "en", "Ri Un-yong", block, (), stories=("s1",))
    return Mailing("late digest", BulletinKind.DIGEST, NOW, (Addressed(reader, digest),), as_of=as_of)


@pytest.mark.parametrize("whole", [False, True])
async def test_a_mail_that_was_composed_before_is_not_written_after(durable: Stores, *, whole: bool) -> None:
    await told(durable)
    as_of, (reader,) = await durable.outbox.as_of(), await readers(durable, 1)
    mails = durable.count("delivery")
    if whole:
        await redact(durable).statement("s1", "Ann", "")
    else:
        await person(durable)
    assert await durable.outbox.enqueue(late(durable, as_of, reader)) is None
    assert durable.count("delivery") == mails


async def test_a_redaction_that_finds_nothing_lets_mails_be_written(durable: Stores) -> None:
    as_of, (reader,) = await durable.outbox.as_of(), await readers(durable, 1)
    await person(durable)
    assert await durable.outbox.enqueue(late(durable, as_of, reader)) == 1


async def test_a_redaction_waits_for_a_mail_that_is_being_written_and_finds_it(durable: Stores) -> None:
    await told(durable)
    as_of, (reader,), loop = await durable.outbox.as_of(), await readers(durable, 1), asyncio.get_running_loop()
    under_way: list[asyncio.Task[Redacted]] = []
    post = Post(KEYRING, "nkwatch.example", late(durable, as_of, reader))

    def begin() -> None:
        under_way.append(loop.create_task(person(durable)))

    def write(connection: Connection) -> int | None:
        done = post(connection)
        loop.call_soon_threadsafe(begin)
        # SQLite has one that writes; PostgreSQL has it wait for the table
        while connection.dialect.name == "postgresql" and not connection.scalar(
            text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'redaction'::regclass")
        ):
            pass
        return done

    assert await durable.database.write(write) == 1
    while not under_way:
        await asyncio.sleep(0)
    await under_way[0]
    assert traces(everything(durable)) == []
