"""Rolls of readers as other programs write them."""

import json
import zipfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.cli.choices import Menu, read_choice, record, several
from nkwatch.cli.rolls import From, Subscriptions, Terms, masked, read_roll
from nkwatch.cli.sheets import Unused
from nkwatch.cli.tags import load_tags
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Choice, Consent, Format, QuietHours, Rhythm, Schedule, Suppression
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.workflow.import_roll import Row
from tests.making import at, choice

OFFERED = Menu({"en", "ko", "fr", "ja"}, {"prisons", "refugees", "abductions"}, {"a", "b"})
TERMS = Terms(OFFERED, Choice(), origin="the old list")

MAILCHIMP = (
    '"Email Address","First Name",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,GMTOFF,TIMEZONE,CC,'
    "LAST_CHANGED,LEID,EUID,NOTES,TAGS\n"
)
UNSUBSCRIBED = (
    '"Email Address",OPTIN_TIME,CONFIRM_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,LAST_CHANGED,LEID,EUID\n'
)
CLEANED = '"Email Address",OPTIN_TIME,CONFIRM_TIME,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,LEID,EUID,NOTES,TAGS\n'
LISTMONK = "uuid,email,name,attributes,status,created_at,updated_at\n"


def read(folder: Path, text: str, kind: From = From.CSV, name: str = "roll.csv", terms: Terms = TERMS):
    """What a file with this text gives."""
    path = folder / name
    path.write_text(text, "utf-8")
    return list(read_roll(path, kind, terms))


def one(folder: Path, text: str, kind: From = From.CSV, name: str = "roll.csv", terms: Terms = TERMS) -> Row:
    """The only row."""
    (row,) = read(folder, text, kind, name, terms)
    assert isinstance(row, Row), row
    return row


def test_a_table_needs_no_more_than_a_column_of_addresses(tmp_path):
    row = one(tmp_path, "email\nAnn@Example.org\n")
    assert (row.address, row.consent, row.left, row.choice) == ("Ann@example.org", None, None, Choice())
    assert row.place == "roll.csv, line 2"


def test_a_table_carries_consent_and_everything_that_was_chosen(tmp_path):
    row = one(
        tmp_path,
        "email,confirmed_at,origin,rhythm,hour,zone,language,format,neutral,alerts,themes,kinds,words,cases,"
        "mute_sources,phrase\n"
        "ann@example.org,2024-03-01 10:00:00+01:00,form of 2024,daily,6,Asia/Seoul,ko-KR,text,yes,no,"
        '"prisons, refugees",press,"북송, ""camp, no. 14""",Kim,a,blue heron\n',
    )
    assert row.consent == Consent("form of 2024", at("2024-03-01T09:00"))
    assert row.choice == choice(
        schedule=Schedule(Rhythm.DAILY, 6, "Asia/Seoul"),
        alerts=False,
        language="ko",
        format=Format.TEXT,
        neutral=True,
        wishes=(
            Wish(
                themes=frozenset({"prisons", "refugees"}),
                roles=frozenset({Role.PRESS}),
                follows=Follows(frozenset({"북송", "camp, no. 14"}), frozenset({"Kim"})),
            ),
        ),
        mutes=Mutes(sources=frozenset({"a"})),
        phrase="blue heron",
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_of_every_spreadsheet_are_read(tmp_path, separator, encoding):
    path = tmp_path / "roll.csv"
    path.write_bytes(separator.join(["E-Mail", "Zone\r\nann@example.org", "Asia/Seoul\r\n"]).encode(encoding))
    (row,) = read_roll(path, From.CSV, TERMS)
    assert row.choice.schedule.zone == "Asia/Seoul"


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("unsubscribed", Suppression.LEFT),
        ("Ended", Suppression.LEFT),
        ("cleaned", Suppression.BOUNCED),
        ("complained", Suppression.COMPLAINED),
        ("erased", Suppression.ERASED),
        ("confirmed", None),
        ("pending", None),
    ],
)
def test_who_left_is_told_by_the_status(tmp_path, status, why):
    row = one(tmp_path, f"email,status,left_at\nann@example.org,{status},2025-01-01\n")
    assert (row.left, row.left_at) == (why, at("2025-01-01T00:00") if why else None)


def test_who_has_not_confirmed_has_no_consent_whatever_the_times_say(tmp_path):
    assert one(tmp_path, "email,status,confirmed_at\nann@example.org,pending,2025-01-01\n").consent is None


def test_a_language_or_zone_that_is_not_known_here_is_left_as_elsewhere(tmp_path):
    row = one(tmp_path, "email,language,zone\nann@example.org,tlh,Mars/One\n")
    assert (row.choice.edition.language, row.choice.schedule.zone) == ("en", "UTC")


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ("ann.example.org,,", "is no mail address"),
        (",daily,", "is no mail address"),
        ("ann@example.org,hourly,", "rhythm: Input should be"),
        ("ann@example.org,,sports", "themes: no theme named sports; there are abductions, prisons, refugees"),
        ("ann@example.org,,ben@example.org", "themes: no theme named …@…"),
        ("ann@example.org,daily,prisons,refugees", "more cells than columns"),
        ('ann@example.org,daily,"' + "x" * 200_000 + '"', "field larger than field limit"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_by_its_place_and_reason_without_the_address(tmp_path, cells, why):
    wrong, right = read(tmp_path, f"email,rhythm,themes\n{cells}\nright@example.org,,\n")
    assert isinstance(wrong, Unused)
    assert wrong.place == "roll.csv, line 2"
    assert why in wrong.why
    assert not {"ann", "ben", "example.org"} & set(wrong.why.replace("@", " ").split())
    assert isinstance(right, Row)


@pytest.mark.parametrize(
    ("columns", "cells", "why"),
    [
        ("status", "gone", "no such status: 'gone'"),
        ("confirmed_at", "6/25/13 17:38", "confirmed_at: no date that can be read"),
        ("wishes", "[", "Expecting value"),
        ("wishes", "[]", "wishes: List should have at least 1 item"),
        ("mutes", '{"themes": 5}', "mute_themes: no list"),
        ("mutes", '{"colours": []}', "mute_colours: Extra inputs"),
        ("mutes", '{"words": ["!"]}', "one of these has no letters"),
        ("words", "w" * 101, "at most 50, each of at most 100 letters"),
        ("phrase", "p" * 101, "at most 100 letters"),
        ("country", "Korea", "no country has the code 'Korea'"),
        ("quiet", "22", "two different hours from 0 to 23, such as 22-7"),
        ("quiet", "7-7", "two different hours"),
        ("quiet", "22-24", "two different hours"),
        ("hour", "24", "hour: Input should be less than or equal to 23"),
        ("kinds", "blog", "kinds: Input should be"),
        ("sources", "c", "no source named c; see `nkwatch sources list`"),
    ],
)
def test_every_wrong_cell_is_said_by_the_name_of_its_column(tmp_path, columns, cells, why):
    quoted = '"' + cells.replace('"', '""') + '"'
    (wrong,) = read(tmp_path, f"email,{columns}\nann@example.org,{quoted}\n")
    assert isinstance(wrong, Unused)
    assert wrong.wrong
    assert why in wrong.why


def test_a_consent_without_an_origin_is_none(tmp_path):
    (wrong,) = read(tmp_path, "email,confirmed_at\na@example.org,2025-01-01\n", terms=Terms(OFFERED, Choice()))
    assert "--origin" in wrong.why


def test_a_file_without_a_column_of_addresses_is_refused_without_showing_what_is_in_it(tmp_path):
    with pytest.raises(ConfigError) as wrong:
        read(tmp_path, "ann@example.org\nben@example.org\n")
    assert "`email`" in str(wrong.value)
    assert "ann" not in str(wrong.value)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        list(read_roll(tmp_path / "none.csv", From.CSV, TERMS))


def test_empty_files_and_lines_give_nothing(tmp_path):
    assert read(tmp_path, "email,zone\n\n,\n") == []
    with pytest.raises(ConfigError):
        read(tmp_path, "")


# Mailchimp


def mailchimp(folder: Path, text: str, name: str = "subscribed_email_audience_export_1a2b.csv", terms: Terms = TERMS):
    return one(folder, text, From.MAILCHIMP, name, terms)


@pytest.mark.parametrize(
    ("opted", "confirmed", "given_at"),
    [
        ("2018-10-11 09:50:00", "2018-10-11 09:55:14", "2018-10-11T09:55:14"),
        # imported or added by hand: somebody else's word for it
        ("", "2016-04-18 13:51:14", None),
        # a single opt-in: nobody knows whether the owner of the address filled in the form
        ("2018-10-11 09:55:14", "2018-10-11 09:55:14", None),
        ("2018-10-11 09:55:14", "", None),
    ],
)
def test_a_mailchimp_reader_consented_who_signed_up_and_confirmed_later(tmp_path, opted, confirmed, given_at):
    row = mailchimp(
        tmp_path,
        f"{MAILCHIMP}ann@example.org,Ann,2,{opted},203.0.113.7,{confirmed},203.0.113.8,9,Asia/Seoul,KR,"
        "2019-01-01 00:00:00,1,c2cb,,\n",
    )
    assert row.consent == (Consent("the old list", at(given_at)) if given_at else None)
    assert row.choice.schedule.zone == "Asia/Seoul"
    assert "203.0.113" not in repr(row)


def test_mailchimp_tags_become_wishes(tmp_path):
    tags = tmp_path / "tags.toml"
    tags.write_text(
        '[tag."forced return"]\nthemes = ["refugees"]\n[tag.Camps]\nthemes = ["prisons"]\nwords = ["수용소"]'
    )
    terms = Terms(OFFERED, Choice(), "old", load_tags(tags, OFFERED))
    row = mailchimp(
        tmp_path, f'{MAILCHIMP}ann@example.org,,,,,,,,,,,,,,"""Forced return"",""camps"",""donor"""\n', terms=terms
    )
    assert row.choice.wishes == (Wish(frozenset({"refugees", "prisons"}), follows=Follows(frozenset({"수용소"}))),)


def test_mailchimp_files_say_who_left_and_where_nothing_arrives(tmp_path):
    left = mailchimp(
        tmp_path, f"{UNSUBSCRIBED}a@example.org,,2016-01-01 00:00:00,2020-02-03 04:05:06,Fall,NORMAL,,1,2\n",
        "unsubscribed_email_audience_export_1a2b.csv",
    )  # fmt: skip
    complained = mailchimp(
        tmp_path, f"{UNSUBSCRIBED}a@example.org,,,2020-02-03 04:05:06,,Abuse Complaint,,1,2\n", "unsubscribed_x.csv"
    )
    cleaned = mailchimp(tmp_path, f"{CLEANED}a@example.org,,,2021-01-01 00:00:00,Fall,1,2,,\n", "cleaned_x.csv")
    renamed = mailchimp(tmp_path, f"{CLEANED}a@example.org,,,2021-01-01 00:00:00,Fall,1,2,,\n", "other.csv")
    assert (left.left, left.left_at, left.consent) == (Suppression.LEFT, at("2020-02-03T04:05:06"), None)
    assert complained.left is Suppression.COMPLAINED
    assert cleaned.left is renamed.left is Suppression.BOUNCED


def test_mailchimp_contacts_that_never_subscribed_are_left_out(tmp_path):
    (row,) = read(tmp_path, f"{MAILCHIMP}a@example.org\n", From.MAILCHIMP, "nonsubscribed_email_audience.csv")
    assert (row.why, row.wrong) == ("never subscribed", False)


def test_an_archive_is_read_whole(tmp_path):
    path = tmp_path / "audience_export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("subscribed_email_audience_export_1.csv", f"{MAILCHIMP}a@example.org\n")
        archive.writestr("cleaned_email_audience_export_1.csv", f"{CLEANED}b@example.org,,,2021-01-01\n")
        archive.writestr("readme.txt", "no table")
    rows = list(read_roll(path, From.MAILCHIMP, TERMS))
    assert [(r.address, r.left) for r in rows] == [("a@example.org", None), ("b@example.org", Suppression.BOUNCED)]
    assert rows[1].place == "cleaned_email_audience_export_1.csv, line 2"


def test_an_archive_without_a_table_or_one_that_is_cut_off_is_said(tmp_path):
    path = tmp_path / "audience_export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no table")
    with pytest.raises(ConfigError, match=r"no \.csv file"):
        list(read_roll(path, From.MAILCHIMP, TERMS))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError):
        list(read_roll(path, From.MAILCHIMP, TERMS))


def test_an_archive_that_unpacks_to_more_than_any_roll_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("nkwatch.cli.sheets.LARGEST", 100)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("subscribed.csv", "email\n" + "a" * 10_000)
    with pytest.raises(ConfigError, match="larger than any roll"):
        list(read_roll(path, From.MAILCHIMP, TERMS))


# listmonk

GO_TIME = "2023-05-06 07:08:09.123456 +0000 UTC"


def listmonk(folder, cells, stands=Subscriptions.CONFIRMED):
    text = f'{LISTMONK}0d0c-,ann@example.org,Ann,"{{}}",{cells}\n' if cells.count(",") == 2 else LISTMONK + cells
    return read(folder, text, From.LISTMONK, "subscribers.csv", Terms(OFFERED, Choice(), "old", subscriptions=stands))


def test_listmonk_readers_consented_when_the_operator_says_that_the_file_holds_the_confirmed(tmp_path):
    (confirmed,) = listmonk(tmp_path, f"enabled,{GO_TIME},{GO_TIME}")
    (unconfirmed,) = listmonk(tmp_path, f"enabled,{GO_TIME},{GO_TIME}", Subscriptions.UNCONFIRMED)
    assert confirmed.consent == Consent("old", at("2023-05-06T07:08:09.123456"))
    assert unconfirmed.consent is None


def test_listmonk_does_not_say_who_left_so_somebody_has_to(tmp_path):
    (row,) = listmonk(tmp_path, f"enabled,{GO_TIME},{GO_TIME}", None)
    assert isinstance(row, Unused)
    assert "whether somebody unsubscribed" in row.why


@pytest.mark.parametrize(
    ("status", "stands"),
    [("blocklisted", Subscriptions.CONFIRMED), ("enabled", Subscriptions.UNSUBSCRIBED)],
)
def test_who_left_or_is_blocked_in_listmonk_is_not_mailed(tmp_path, status, stands):
    (row,) = listmonk(tmp_path, f"{status},{GO_TIME},2024-01-02 03:04:05 +0200 CEST", stands)
    assert (row.left, row.left_at) == (Suppression.LEFT, at("2024-01-02T01:04:05"))


def test_who_is_disabled_in_listmonk_is_left_out(tmp_path):
    (row,) = listmonk(tmp_path, f"disabled,{GO_TIME},{GO_TIME}")
    assert not row.wrong


def test_listmonk_attributes_give_tags_language_and_zone(tmp_path):
    attributes = json.dumps(
        {"tags": ["prisons, mail", "x"], "lang": "fr-CH", "timezone": "Europe/Zurich", "city": "Bern"}
    )
    tags = tmp_path / "tags.toml"
    tags.write_text('[tag."prisons, mail"]\nthemes = ["prisons"]\nkinds = ["press"]')
    quoted = attributes.replace('"', '""')
    terms = Terms(OFFERED, Choice(), "old", load_tags(tags, OFFERED), Subscriptions.CONFIRMED)
    row = one(
        tmp_path, f'{LISTMONK}u,a@example.org,Ann,"{quoted}",enabled,{GO_TIME},{GO_TIME}\n', From.LISTMONK, terms=terms
    )
    assert row.choice.edition.language == "fr"
    assert row.choice.schedule.zone == "Europe/Zurich"
    assert row.choice.wishes == (Wish(frozenset({"prisons"}), roles=frozenset({Role.PRESS})),)


@pytest.mark.parametrize("attributes", ["[1]", "{", "null", '{"tags": 5, "lang": ["x"]}'])
def test_attributes_of_any_shape_do_no_harm(tmp_path, attributes):
    quoted = attributes.replace('"', '""')
    (row,) = listmonk(tmp_path, f'u,a@example.org,Ann,"{quoted}",enabled,{GO_TIME},{GO_TIME}')
    assert isinstance(row, Row | Unused)


# tags


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tag", "cannot be read"),
        ('tag = "x"', "it must hold tables"),
        ("[tags.a]\nthemes = []", "it must hold tables"),
        ("[tag.a]\ncolours = ['red']", "has one or more of themes, sources"),
        ("[tag.a]\nthemes = ['sports']", '[tag."a"]: themes: no theme named sports'),
    ],
)
def test_a_file_of_tags_that_cannot_be_meant_is_refused(tmp_path, text, said):
    path = tmp_path / "tags.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as wrong:
        load_tags(path, OFFERED)
    assert said in str(wrong.value)


def test_a_file_of_tags_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_tags(tmp_path / "tags.toml", OFFERED)


def test_tags_that_narrow_differently_stay_wishes_of_their_own(tmp_path):
    path = tmp_path / "tags.toml"
    path.write_text('[tag.a]\nthemes = ["prisons"]\n[tag.b]\nsources = ["a"]\n[tag.c]\nthemes = ["refugees"]\n')
    terms = Terms(OFFERED, Choice(), "old", load_tags(path, OFFERED))
    row = one(tmp_path, 'email,tags\nann@example.org,"a, b, c"\n', terms=terms)
    assert set(row.choice.wishes) == {Wish(frozenset({"prisons", "refugees"})), Wish(sources=frozenset({"a"}))}


def test_wishes_that_stand_in_the_row_go_before_tags(tmp_path):
    path = tmp_path / "tags.toml"
    path.write_text('[tag.a]\nthemes = ["prisons"]\n')
    terms = Terms(OFFERED, Choice(), "old", load_tags(path, OFFERED))
    row = one(tmp_path, "email,tags,themes\nann@example.org,a,refugees\n", terms=terms)
    assert row.choice.wishes == (Wish(frozenset({"refugees"})),)


# our own

words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
followed = st.builds(Follows, st.frozensets(words, max_size=3), st.frozensets(words, max_size=3))
sides = {
    "themes": st.frozensets(st.sampled_from(sorted(OFFERED.themes))),
    "sources": st.frozensets(st.sampled_from(sorted(OFFERED.sources))),
    "roles": st.frozensets(st.sampled_from(Role)),
    "follows": followed,
}
choices = st.builds(
    choice,
    schedule=st.builds(
        Schedule,
        st.sampled_from(Rhythm),
        st.integers(0, 23),
        st.sampled_from(["UTC", "Asia/Seoul"]),
        st.integers(0, 6),
        st.integers(1, 31),
    ),
    alerts=st.booleans(),
    language=st.sampled_from(sorted(OFFERED.languages)),
    format=st.sampled_from(Format),
    neutral=st.booleans(),
    wishes=st.lists(st.builds(Wish, **sides), min_size=1, max_size=3).map(tuple),
    mutes=st.builds(Mutes, **sides),
    phrase=words | st.just(""),
    country=st.sampled_from(["", "GB", "KR"]),
    lull=st.booleans(),
    quiet=st.none() | st.just(QuietHours(22, 7)),
)


@given(choices)
def test_a_choice_that_is_written_is_read_as_it_was(chosen):
    assert read_choice(json.loads(json.dumps(record(chosen))), OFFERED, Choice()) == chosen


@given(st.text())
def test_any_cell_is_a_list_or_refused(cell):
    with suppress(ValueError):
        assert all(value.strip() for value in several(cell))


def test_records_of_our_own_export_are_read_line_by_line(tmp_path):
    good = {
        "address": "ann@example.org",
        "standing": "confirmed",
        "consent": {"origin": "form", "given_at": "2025-01-01T00:00:00Z"},
        "choice": record(choice(language="ko")),
        "paused_until": "2027-01-01T00:00:00Z",
        "id": "k3j5",
        "ended_at": None,
    }
    gone = good | {"address": "ben@example.org", "standing": "ended", "ended_at": "2025-02-02T00:00:00Z"}
    lines = [json.dumps(good), "{", "[]", "", json.dumps(gone), json.dumps(good | {"choice": {"hour": "x"}})]
    one, cut, other, left, wrong = read(tmp_path, "\n".join(lines), From.NKWATCH, "readers.jsonl")
    assert one.consent == Consent("form", at("2025-01-01T00:00"))
    assert one.choice == choice(language="ko")
    assert one.paused_until == at("2027-01-01T00:00")
    assert ("no JSON" in cut.why, other.why) == (True, "no record of a reader")
    assert (left.left, left.left_at) == (Suppression.LEFT, at("2025-02-02T00:00"))
    assert "hour" in wrong.why


@pytest.mark.parametrize(
    "record",
    [
        {"address": 5},
        {"address": "a@example.org", "choice": 5},
        {"address": "a@example.org", "choice": [], "consent": 7},
        {"address": "a@example.org", "choice": {"wishes": 5}},
        {"address": "a@example.org", "choice": {"wishes": [{"themes": {"a": 1}}]}},
        {"address": "a@example.org", "choice": {"zone": ["UTC"], "language": {}}},
        {"address": "a@example.org", "choice": {}, "consent": "yes"},
    ],
)
def test_records_of_any_shape_give_a_row_or_a_reason(tmp_path, record):
    (row,) = read(tmp_path, json.dumps(record), From.NKWATCH)
    assert isinstance(row, Row | Unused)


@given(st.text(max_size=300), st.sampled_from(From))
def test_no_file_ends_in_a_traceback(tmp_path_factory, text, kind):
    path = tmp_path_factory.mktemp("roll") / "roll.csv"
    path.write_text(f"email,tags,status,wishes,attributes\n{text}", "utf-8", errors="replace")
    assert all(isinstance(r, Row | Unused) for r in read_roll(path, kind, TERMS))


def test_an_address_is_masked_so_that_only_who_knows_it_knows_it_again():
    assert masked("ann.lee@small-group.example.org") == "a…@s…"
    assert masked("") == "…@…"


def test_ten_thousand_rows_are_read(tmp_path):
    text = "email,confirmed_at,themes\n" + "".join(
        f"reader{n}@example{n % 97}.org,{at('2020-01-01T00:00') + timedelta(hours=n)},prisons\n" for n in range(10_000)
    )
    assert sum(isinstance(r, Row) for r in read(tmp_path, text)) == 10_000
