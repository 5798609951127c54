"""The sources that ship with nkwatch: the form of every row, and what is on."""

import re
import tomllib
from collections import Counter
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import pytest
from lxml.cssselect import CSSSelector

from nkwatch.catalogue.sources import load_sources, suggested_ids
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role, Scope, Source

PUBLISHERS = tomllib.loads((files("nkwatch.catalogue") / "sources.toml").read_text("utf-8"))["publisher"]
ROWS = [(publisher, row) for publisher in PUBLISHERS for row in publisher["source"]]

OF_BOTH = {"owner", "role", "country", "zone", "homepage", "domains", "note", "strip"}
OF_A_PUBLISHER = OF_BOTH | {"name", "organisation", "licence", "source"}
OF_A_SOURCE = OF_BOTH | {
    *("id", "url", "kind", "languages", "scope", "confidence"),
    *("enabled", "suggested", "options"),
}
NEEDED_OF_A_PUBLISHER = {
    *("name", "role", "organisation", "country", "zone"),
    *("homepage", "domains", "licence", "source"),
}
NEEDED_OF_A_SOURCE = {"id", "url", "languages", "scope", "confidence"}
#: What each kind may find in its options, and what it must.
OPTIONS = {
    "feed": ({"base"}, set()),
    "sitemap": (set(), set()),
    "mailbox": (set(), set()),
    "page": ({"item", "title", "link", "date", "teaser"}, {"item", "title", "link"}),
    "reliefweb": ({"appname"}, {"appname"}),
}
ORGANISATIONS = {"ngo", "un", "government", "parliament", "press", "academic", "monitor", "state-media"}
CONFIDENCES = {"seen", "known-form", "unverified"}
FOUNDING = {"Amnesty International Canada", "Human Rights Watch", "Common Dreams newswire", "VOA editorials"}
#: Hosts that serve feeds to which no link leads.
ONLY_FEEDS = {
    "feeds.bbci.co.uk": "the BBC's feeds; their links lead to bbc.com and bbc.co.uk",
    "api.io.canada.ca": "under canada.ca",
}


@cache
def shipped() -> dict[str, Source]:
    # at the first need, so that a wrong row fails the test on rows and not the whole module
    return load_sources()


def within(host: str, domains) -> bool:
    return any(host == d or host.endswith(f".{d}") for d in domains)


def wrong(ids) -> list[str]:
    """What fails the test, and nothing else, stands in the message of a failed `assert not`."""
    return sorted(ids)


def test_publishers_and_sources_say_nothing_that_the_program_does_not_know():
    assert not wrong(p["name"] for p in PUBLISHERS if p.keys() - OF_A_PUBLISHER)
    assert not wrong(row["id"] for _, row in ROWS if row.keys() - OF_A_SOURCE)


def test_publishers_and_sources_say_all_that_they_must():
    assert not wrong(p["name"] for p in PUBLISHERS if not all(p.get(key) for key in NEEDED_OF_A_PUBLISHER))
    assert not wrong(row["id"] for _, row in ROWS if not all(row.get(key) for key in NEEDED_OF_A_SOURCE))


def test_every_publisher_is_named_once():
    assert not wrong(name for name, times in Counter(p["name"] for p in PUBLISHERS).items() if times > 1)


def test_every_id_is_plain_and_given_once():
    ids = Counter(row["id"] for _, row in ROWS)
    assert not wrong(i for i, times in ids.items() if times > 1 or not re.fullmatch(r"[a-z0-9][a-z0-9-]*", i))


def test_no_address_is_polled_twice():
    # http or https, with www or without, with a slash at the end or without: it is the same feed
    plain = Counter(re.sub(r"^https?://(www\.)?", "", row["url"]).rstrip("/") for _, row in ROWS)
    assert not wrong(url for url, times in plain.items() if times > 1)


def test_every_address_is_one_of_the_web():
    def valid(url: str) -> bool:
        parts = urlsplit(url)
        plain = url.isascii() and not re.search(r"\s|[\[\]{}<>]", url)
        return plain and parts.scheme in {"http", "https"} and "." in (parts.hostname or "") and not parts.fragment

    assert not wrong(s.id for s in shipped().values() if not valid(s.url) or not valid(s.homepage))


def test_no_address_waits_for_a_value_of_the_operator():
    assert not wrong(s.id for s in shipped().values() if re.search(r"TOPIC-ID|YOUR-|appname", s.url))


def test_nothing_is_fetched_from_servers_of_north_korea():
    assert not wrong(s.id for s in shipped().values() if s.host.endswith(".kp"))


def test_an_address_is_among_the_domains_of_its_source_or_only_serves_feeds():
    strange = {s.host for s in shipped().values() if not within(s.host, s.domains)}
    assert strange <= ONLY_FEEDS.keys()
    assert not wrong(s.id for s in shipped().values() if not within(urlsplit(s.homepage).hostname or "", s.domains))


def test_domains_are_of_one_publisher_and_not_of_a_whole_country():
    everybodys = {
        "gov.uk",
        "co.uk",
        "org.uk",
        "go.kr",
        "co.kr",
        "or.kr",
        "go.jp",
        "or.jp",
        "gc.ca",
        "gov.au",
        "gouv.fr",
    }
    domains = {(s.id, d) for s in shipped().values() for d in s.domains}
    assert not wrong(i for i, d in domains if d in everybodys or not re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", d))


def test_zones_countries_and_languages_are_named_by_their_codes():
    sources = shipped().values()
    assert not wrong(s.id for s in sources if s.zone not in available_timezones())
    assert not wrong(s.id for s in sources if not re.fullmatch(r"[A-Z]{2}", s.country))
    assert not wrong(
        s.id for s in sources for tag in s.languages if not re.fullmatch(r"[a-z]{2}(-[A-Z][a-z]{3})?", tag)
    )


def test_what_is_chosen_from_a_list_is_on_that_list():
    sources = shipped().values()
    assert not wrong(s.id for s in sources if s.role not in Role or s.scope not in Scope or s.kind not in OPTIONS)
    assert not wrong(s.id for s in sources if s.confidence not in CONFIDENCES or s.organisation not in ORGANISATIONS)


def test_options_are_those_of_the_kind():
    def fits(source: Source) -> bool:
        allowed, needed = OPTIONS[source.kind]
        return needed <= source.options.keys() <= allowed and all(isinstance(v, str) for v in source.options.values())

    assert not wrong(s.id for s in shipped().values() if not fits(s))


@pytest.mark.parametrize("source_id", [row["id"] for _, row in ROWS if row.get("kind") == "page"])
def test_selectors_of_a_page_can_be_used_and_are_called_what_they_are_a_guess(source_id):
    source = shipped()[source_id]
    for selector in source.options.values():
        CSSSelector(selector)
    assert source.confidence == "unverified"


def test_the_founding_four_are_on_and_nothing_else():
    assert {s.publisher for s in shipped().values() if s.enabled} == FOUNDING
    off = {s.id for s in shipped().values() if s.publisher in FOUNDING and not s.enabled}
    assert off == {"voa-editorials-feed"}  # marked as no longer in use where it was seen


def test_none_may_alert_by_itself():
    assert not wrong(s.id for s in shipped().values() if s.alerts)


def test_ids_that_settings_and_databases_know_are_kept():
    assert shipped().keys() >= {
        *("amnesty-ca", "amnesty-ca-north-korea", "commondreams-newswire", "voa-editorials"),
        *("hrw-en", "hrw-ko", "hrw-ja", "hrw-fr", "hrw-north-korea"),
    }


@pytest.mark.parametrize("language", ["en", "ko", "ja", "fr", "es"])
def test_human_rights_watch_is_read_in_every_language_that_has_a_feed(language):
    source = shipped()[f"hrw-{language}"]
    assert (source.kind, source.languages, source.enabled) == ("feed", (language,), True)


def test_sections_editions_and_bodies_of_one_owner_are_not_independent():
    def owners(pattern: str) -> set[str]:
        found = {s.owner for s in shipped().values() if re.search(pattern, s.id)}
        assert found, pattern
        return found

    assert owners("^amnesty-") == {"Amnesty International"}
    assert owners("^(voa|rfa|us-state|uscirf|cecc|tlhrc)") == {"United States government"}
    assert owners("^(ohchr|un-(news|press|sg)|reliefweb|unicef|wfp|fao|who|unhcr)") == {"United Nations"}
    assert owners("^(kr-|kinu)") == {"Government of the Republic of Korea"}
    assert owners("^jp-") == {"Government of Japan"}
    assert owners("^eu-") == {"European Union"}
    assert owners("^(nk-news|kcna-watch)$") == {"NK News"}
    assert owners("^daily-nk") == {"Daily NK"}


@pytest.mark.parametrize(
    ("source_id", "owner"),
    [
        ("security-council-report", "Security Council Report"),
        ("un-watch", "UN Watch"),
        ("yonhap-en", "Yonhap News Agency"),
        ("nk-watch-ngo", "NK Watch (Seoul)"),
    ],
)
def test_who_only_sounds_like_another_is_its_own_owner(source_id, owner):
    assert shipped()[source_id].owner == owner


def test_state_media_are_off_labelled_and_never_suggested():
    state_media = {s.id for s in shipped().values() if s.role is Role.STATE_MEDIA or "kcna" in s.url}
    assert state_media == {"kcna-watch"}
    assert shipped()["kcna-watch"].role is Role.STATE_MEDIA
    assert not shipped()["kcna-watch"].enabled
    assert "kcna-watch" not in suggested_ids()


def test_what_a_source_does_not_say_is_said_by_its_publisher():
    plain, own = shipped()["daily-nk-ko"], shipped()["daily-nk-ja"]
    assert (plain.zone, plain.country, plain.licence) == ("Asia/Seoul", "KR", own.licence)
    assert (own.zone, own.country, own.publisher) == ("Asia/Tokyo", "JP", "Daily NK")


def test_a_note_on_a_source_does_not_hide_that_on_its_publisher():
    note = shipped()["rfa-korean"].note
    assert "may still be old" in note
    assert note.endswith("September 2026.")


def test_what_is_suggested_is_off_and_was_seen_or_follows_a_known_form():
    suggested = [shipped()[i] for i in suggested_ids()]
    assert len(suggested) > 30
    assert not wrong(s.id for s in suggested if s.enabled or s.confidence == "unverified" or s.kind != "feed")


def test_what_is_suggested_goes_on_in_one_step():
    assert all(load_sources(enable=suggested_ids())[i].enabled for i in suggested_ids())


def test_a_source_is_switched_by_its_id():
    sources = load_sources(enable=["cpj"], disable=["hrw-en"])
    assert sources["cpj"].enabled
    assert not sources["hrw-en"].enabled
    assert sources["hrw-fr"] == shipped()["hrw-fr"]


def test_off_wins_over_on():
    assert not load_sources(enable=["cpj"], disable=["cpj"])["cpj"].enabled


def test_a_source_of_the_operator_wins_over_a_shipped_one_of_the_same_id():
    own = Source("reliefweb", "https://api.reliefweb.int/v2/reports", "ReliefWeb", options={"appname": "an-example"})
    assert load_sources([own])["reliefweb"] is own


def test_every_id_that_no_source_has_is_told():
    with pytest.raises(ConfigError) as told:
        load_sources(enable=["nosuch", "cpj"], disable=["neither"])
    assert [re.findall(r"'(\w+)'", p) for p in told.value.problems] == [["neither"], ["nosuch"]]
