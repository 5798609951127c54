"""ReliefWeb's API: what is asked for, and what is made of its answers."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.source import Source
from nkwatch.feeds.documents import Document, Parsed, Unreadable
from nkwatch.feeds.reliefweb import API, RELIEFWEB, asked, read_reliefweb


def a_source(**options: str) -> Source:
    return Source(id="rw", url=API, publisher="ReliefWeb", kind="reliefweb", options={"appname": "ngo-nk-x7"} | options)


def report(number: object = "4100001", **fields: object) -> dict[str, object]:
    given_ = {
        "title": "DPR Korea: Needs and Priorities",
        "url": "https://reliefweb.int/node/4100001",
        "url_alias": "https://reliefweb.int/report/dprk/needs-and-priorities",
        "origin": "https://un.example/needs",
        "body-html": "<p>Food is short.</p><p>Access is closed.</p>",
        "date": {"created": "2026-11-20T09:30:00+00:00", "original": "2026-11-19T00:00:00+00:00"},
        "source": [{"name": "UN Country Team", "shortname": "UNCT"}, {"shortname": "WFP"}],
        "language": [{"code": "en"}],
    }
    return {"id": number, "score": 1, "href": "https://api.reliefweb.int/v2/reports/1", "fields": given_ | fields}


def read_(answer: object):
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return read_reliefweb(Document(body, API, "application/json"), a_source())


def one(**fields: object):
    found = read_({"data": [report(**fields)]})
    assert isinstance(found, Parsed), found
    return found.entries[0]


def test_the_newest_reports_on_north_korea_are_asked_for():
    parts = urlsplit(asked(a_source(), API))
    asked_for = parse_qs(parts.query)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == API
    assert asked_for["appname"] == ["ngo-nk-x7"]
    assert (asked_for["filter[field]"], asked_for["filter[value]"]) == (["country.iso3"], ["prk"])
    assert (asked_for["sort[]"], asked_for["limit"]) == (["date.created:desc"], ["50"])
    assert {"title", "url_alias", "body-html", "source.name", "date.original"} <= set(asked_for["fields[include][]"])
    assert "query[value]" not in asked_for


def test_country_and_words_are_the_catalogues_choice():
    asked_for = parse_qs(urlsplit(asked(a_source(country="KOR", query="abduction & return"), API)).query)
    assert asked_for["filter[value]"] == ["kor"]
    assert asked_for["query[value]"] == ["abduction & return"]


def test_a_report_is_an_entry_by_its_publishers():
    found = one()
    assert found.title == "DPR Korea: Needs and Priorities"
    assert found.url == "https://reliefweb.int/report/dprk/needs-and-priorities"
    assert found.text == "Food is short.\n\nAccess is closed."
    assert found.guid == "reliefweb:4100001"
    assert found.published == datetime(2026, 11, 19, tzinfo=UTC)
    assert (found.author, found.language) == ("UN Country Team, WFP", "en")


def test_what_is_missing_is_replaced_where_it_can_be():
    found = one(
        url_alias=None, **{"body-html": "", "body": "Plain <words>."}, date={"created": "2026-11-20T09:30:00+00:00"}
    )
    assert found.url == "https://reliefweb.int/node/4100001"
    assert found.text == "Plain <words>."
    assert found.published == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_the_language_called_other_is_none():
    assert one(language=[{"code": "ot"}, {"code": "ko"}]).language == "ko"
    assert one(language=[{"code": "ot"}]).language == ""


def test_numbers_as_ids_are_ids():
    found = read_({"data": [report(4100001)]})
    assert isinstance(found, Parsed)
    assert found.entries[0].guid == "reliefweb:4100001"


@pytest.mark.parametrize("wrong", [None, 3, [], "x", {"date": 5}])
def test_fields_of_a_wrong_type_are_absent(wrong):
    assert isinstance(read_({"data": [{"id": "1", "fields": wrong}, 7, None]}), Parsed)
    assert one(date=wrong, source=wrong, language=wrong).title


def test_an_error_is_told_in_its_own_words():
    message = "You are not using an approved appname. Kindly request one."
    found = read_({"status": 403, "error": {"type": "AccessDeniedHttpException", "message": message}})
    assert found == Unreadable(f"ReliefWeb refuses: {message}")
    assert read_({"error": {}}) == Unreadable("ReliefWeb refuses: without saying why.")


def test_nothing_found_is_no_error():
    assert read_({"totalCount": 0, "count": 0, "data": []}) == Parsed(())


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"data": [', b"[]", b"{}", b'{"data": {}}', b"[" * 100_000])
def test_what_is_no_answer_is_a_sentence(body):
    assert isinstance(read_(body), Unreadable)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda t: (
            st.lists(t)
            | st.dictionaries(st.sampled_from(["id", "fields", "date", "title", "source", "name", "url"]), t)
        ),
    )
)
def test_any_reports_are_answered(report):
    assert isinstance(read_({"data": [report, {"id": 1, "fields": report}]}), Parsed)


def test_without_a_name_that_was_approved_the_operator_is_told_where_to_ask():
    told = " ".join(RELIEFWEB.problems(Source(id="rw", url=API, publisher="R", kind="reliefweb")))
    assert "https://apidoc.reliefweb.int/" in told
    assert "403" in told
    assert not list(RELIEFWEB.problems(a_source()))
    assert "no option" in " ".join(RELIEFWEB.problems(a_source(contry="PRK")))
    assert "three letters" in " ".join(RELIEFWEB.problems(a_source(country="Korea")))


def test_robots_are_not_asked_for_an_api():
    assert not RELIEFWEB.robots
