"""How easily others can write in our name, judged by records that are given."""

import itertools
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.posture import Absent, Answered, Identity, Severity, SigningKey, Unreached, is_reserved
from nkwatch.editing.posture import impersonable, judged, questions
from nkwatch.editing.posture.dkim import dkim
from nkwatch.editing.posture.dmarc import organization, policy, walk, weakness
from nkwatch.editing.posture.records import tags_of
from nkwatch.editing.posture.spf import spf

HOME = "watch.org.zz"
KEY = SigningKey(HOME, "s1", "rsa", b"a public key")
US = Identity(f"digest@{HOME}", HOME, HOME, (KEY,), "mx.relay.zz")
GOOD = {
    HOME: "v=spf1 ip4:192.0.2.1 -all",
    f"_dmarc.{HOME}": "v=DMARC1; p=reject; rua=mailto:r@watch.org.zz",
    KEY.name: KEY.record,
}


def answers(identity=US, **changed):
    """What the DNS says: all is well but for what is changed; a name is written with _ for its dots."""
    found = {name: Answered((GOOD[name],)) if name in GOOD else Absent() for name in questions(identity)}
    return found | changed.pop("at", {}) | changed


def txt(*records):
    return Answered(records)


def severities(findings):
    return [f.severity for f in findings]


def said(findings, severity=Severity.WRONG):
    return [f.found for f in findings if f.severity is severity]


def key_says(record):
    return dkim(KEY, txt(record))


def with_policy(record, at=HOME, identity=US):
    return answers(identity, at={f"_dmarc.{HOME}": Absent(), f"_dmarc.{at}": txt(record)})


# All together


def test_a_domain_whose_records_are_as_they_should_be_gets_no_advice():
    found = judged(US, answers())
    assert set(severities(found)) == {Severity.FINE}
    assert [f.about for f in found] == ["SPF", "DKIM", "DMARC", "alignment"]
    assert impersonable(US, answers()) == ""


def test_everything_that_is_judged_by_was_asked_for():
    assert questions(US) == {HOME, KEY.name, f"_dmarc.{HOME}", "_dmarc.org.zz", "_dmarc.zz"}


def test_a_domain_without_records_is_told_what_to_publish():
    found = judged(US, dict.fromkeys(questions(US), Absent()))
    records = {f.about: f.record for f in found if f.severity is Severity.WRONG}
    assert records["SPF"] == "v=spf1 a:mx.relay.zz -all"
    assert records["DKIM"] == KEY.record == f"v=DKIM1; k=rsa; p={b64encode(b'a public key').decode()}"
    assert records["DMARC"] == f"v=DMARC1; p=reject; sp=reject; np=reject; adkim=s; rua=mailto:postmaster@{HOME}"
    assert all(f.do for f in found if f.severity is not Severity.FINE)


def test_where_nobody_answers_nothing_is_called_wrong():
    silence = dict.fromkeys(questions(US), Unreached("No name server answered."))
    found = judged(US, silence)
    assert set(severities(found)) == {Severity.ADVICE}
    assert isinstance(impersonable(US, silence), Unreached)


# SPF


@pytest.mark.parametrize("record", ["v=spf1 mx -all", "v=spf1 include:a.zz ~all", "V=SPF1 redirect=_spf.a.zz"])
def test_an_spf_record_that_names_its_servers_and_no_others_is_fine(record):
    assert severities(spf(HOME, txt("unrelated", record))) == [Severity.FINE]


@pytest.mark.parametrize("record", ["v=spf1 +all", "v=spf1 mx all"])
def test_an_spf_record_that_lets_everybody_send_is_wrong(record):
    (found,) = spf(HOME, txt(record))
    assert found.severity is Severity.WRONG
    assert found.record.endswith("-all")
    assert "+all" not in found.record


@pytest.mark.parametrize("record", ["v=spf1 mx ?all", "v=spf1 mx", "v=spf1"])
def test_an_spf_record_that_leaves_the_others_open_could_be_better(record):
    (found,) = spf(HOME, txt(record))
    assert (found.severity, found.record.split()[-1]) == (Severity.ADVICE, "-all")


def test_two_spf_records_are_none_and_become_one():
    (found,) = spf(HOME, txt("v=spf1 mx -all", "v=spf1 ip4:192.0.2.1 mx ~all"))
    assert (found.severity, found.record) == (Severity.WRONG, "v=spf1 mx ip4:192.0.2.1 -all")


def test_what_only_begins_like_an_spf_record_is_none():
    assert said(spf(HOME, txt("v=spf10 -all")))
    assert spf(HOME, Absent())[0].record == "v=spf1 a mx -all"


def test_an_spf_record_that_needs_more_than_ten_look_ups_is_wrong():
    asks = " ".join(f"include:s{n}.zz" for n in range(8))
    assert severities(spf(HOME, txt(f"v=spf1 {asks} a mx/24 -all"))) == [Severity.FINE]
    assert severities(spf(HOME, txt(f"v=spf1 {asks} a mx:b.zz ?exists:c.zz ip4:192.0.2.1 -all"))) == [
        Severity.FINE,
        Severity.WRONG,
    ]


# DKIM


@pytest.mark.parametrize(
    "record",
    [
        KEY.record,
        KEY.record.replace("k=rsa; ", ""),
        KEY.record + "; h=sha1:sha256; s=email; t=s; n=note",
        KEY.record.replace("p=", " p = "),
    ],
)
def test_the_key_that_we_sign_with_is_known_again(record):
    assert severities(key_says(record)) == [Severity.FINE]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("hello", "no key"),
        ("v=DKIM2; p=YQ==", "no key"),
        ("v=DKIM1; k=rsa; p=", "revoked"),
        ("v=DKIM1; k=rsa; p=YQ==", "another key"),
        ("v=DKIM1; k=rsa; p=!", "another key"),
        (KEY.record.replace("rsa", "ed25519"), "another key"),
        (KEY.record + "; h=sha1", "h=sha1"),
        (KEY.record + "; s=tlsrpt", "not for mail"),
        (KEY.record + "; p=YQ==", "no key"),
    ],
)
def test_a_key_record_that_does_not_fit_is_wrong_and_the_right_one_is_told(record, why):
    (found,) = key_says(record)
    assert (found.severity, found.record) == (Severity.WRONG, KEY.record)
    assert why in found.found


def test_a_key_with_two_records_is_wrong_and_one_in_testing_could_be_better():
    assert said(dkim(KEY, txt(KEY.record, KEY.record)))
    assert severities(key_says(KEY.record + "; t=y:s")) == [Severity.FINE, Severity.ADVICE]


# DMARC: where the policy is found


def test_the_walk_up_the_tree_asks_at_most_eight_names():
    assert walk("a.b.watch.org.zz") == ("a.b.watch.org.zz", "b.watch.org.zz", "watch.org.zz", "org.zz", "zz")
    assert walk("a.b.c.d.e.f.g.h.i.j.mail.example.zz") == (
        "a.b.c.d.e.f.g.h.i.j.mail.example.zz", "g.h.i.j.mail.example.zz", "h.i.j.mail.example.zz", "i.j.mail.example.zz",
        "j.mail.example.zz", "mail.example.zz", "example.zz", "zz",
    )  # fmt: skip


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=20))
def test_a_walk_is_bounded_and_ends_at_the_top(labels):
    walked = walk(".".join(labels))
    assert len(walked) == min(len(labels), 8)
    assert walked[0] == ".".join(labels)
    assert walked[-1] == labels[-1]
    assert all(longer.endswith(f".{shorter}") for longer, shorter in itertools.pairwise(walked))


def test_a_name_without_a_record_has_the_policy_of_its_organization():
    below = {f"_dmarc.{d}": Absent() for d in walk(f"mail.{HOME}")}
    above = below | {f"_dmarc.{HOME}": txt("v=DMARC1; p=reject; sp=quarantine")}
    holds = policy(f"mail.{HOME}", above)
    assert (holds.at, holds.tag, holds.value) == (HOME, "sp", "quarantine")
    assert policy(f"mail.{HOME}", below) is None
    without = below | {f"_dmarc.{HOME}": txt("v=DMARC1; p=reject")}
    assert (policy(f"mail.{HOME}", without).tag, organization(f"mail.{HOME}", without)) == ("p", HOME)


def test_a_registry_may_speak_for_domains_without_a_policy():
    registry = {"_dmarc.org.zz": txt("v=DMARC1; p=reject; psd=y")}
    assert policy(HOME, registry).value == "reject"
    assert organization(f"a.b.{HOME}", registry) == HOME
    assert organization("org.zz", registry) == "org.zz"


def test_a_domain_may_say_that_it_is_an_organization_of_its_own():
    records = {"_dmarc.mail.watch.org.zz": txt("v=DMARC1; p=reject; psd=n"), f"_dmarc.{HOME}": txt("v=DMARC1; p=none")}
    assert organization("a.mail.watch.org.zz", records) == "mail.watch.org.zz"
    assert policy("a.mail.watch.org.zz", records).value == "reject"


# DMARC: what it is worth


@pytest.mark.parametrize("value", ["reject", "quarantine", "Reject"])
def test_a_policy_that_has_forgeries_refused_or_put_aside_keeps_others_from_our_name(value):
    assert impersonable(US, with_policy(f"v=DMARC1; p={value}; rua=mailto:a@b.zz")) == ""


@pytest.mark.parametrize(
    "record",
    [
        "v=DMARC1; p=none",
        "v=DMARC1; rua=mailto:a@b.zz",
        "v=DMARC1; p=rejct",
        "v=DMARC1; p=reject; t=y",
        "v=DMARC1; p=reject; pct=0",
        "v=DMARC1; p=reject; p=reject",
        "v=dmarc1; p=reject",
        "p=reject; v=DMARC1",
        "v=DMARC10; p=reject",
    ],
)
def test_a_policy_that_does_nothing_lets_anybody_write_in_our_name(record):
    why = impersonable(US, with_policy(record))
    assert why.startswith(f"Anybody can send mail in the name of digest@{HOME}: ")
    assert f"publish at _dmarc.{HOME} the TXT record" in why
    assert "mail.impersonable = true" in why
    assert "DMARC" in [f.about for f in judged(US, with_policy(record)) if f.severity is Severity.WRONG]


def test_two_policies_are_none():
    twice = answers(at={f"_dmarc.{HOME}": txt("v=DMARC1; p=reject", "v=DMARC1; p=reject")})
    assert "2 DMARC records" in weakness(HOME, twice)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("v=DMARC1; p=quarantine; rua=mailto:a@b.zz", "put aside"),
        ("v=DMARC1; p=reject; sp=none; rua=mailto:a@b.zz", "names below it"),
        ("v=DMARC1; p=reject; np=none; rua=mailto:a@b.zz", "do not exist"),
        ("v=DMARC1; p=reject; pct=50; ri=3600; rf=afrf; rua=mailto:a@b.zz", "pct, rf, ri"),
        ("v=DMARC1; p=reject", "nobody to report to"),
    ],
)
def test_a_policy_that_holds_may_be_better(record, why):
    found = judged(US, with_policy(record))
    assert not said(found)
    (better,) = said(found, Severity.ADVICE)
    assert why in better


def test_a_policy_at_the_domain_itself_counts_though_names_above_cannot_be_looked_up():
    partly = answers(at={"_dmarc.zz": Unreached("No name server answered.")})
    assert impersonable(US, partly) == ""
    assert isinstance(impersonable(US, partly | {f"_dmarc.{HOME}": Absent()}), Unreached)


# Alignment

ELSEWHERE = SigningKey("relay.zz", "s1", "rsa", b"a public key")
FOREIGN = Identity(f"digest@{HOME}", HOME, "bounce.relay.zz", (ELSEWHERE,))
SUB = Identity(f"digest@mail.{HOME}", f"mail.{HOME}", HOME, (KEY,))


def test_a_signature_of_somebody_else_proves_nothing_of_ours():
    found = judged(FOREIGN, answers(FOREIGN))
    assert "relay.zz, does not prove mail from" in " ".join(said(found))
    assert "relay.zz" in impersonable(FOREIGN, answers(FOREIGN))
    unknown = answers(FOREIGN, at={"_dmarc.relay.zz": Unreached("No name server answered.")})
    assert isinstance(impersonable(FOREIGN, unknown), Unreached)


def test_a_signature_of_the_organization_proves_a_name_below_it_unless_it_must_be_the_same():
    relaxed = answers(SUB)
    assert impersonable(SUB, relaxed) == ""
    strict = answers(SUB, at={f"_dmarc.mail.{HOME}": txt("v=DMARC1; p=reject; adkim=s")})
    assert impersonable(SUB, strict) == ""  # its return path still proves it
    assert said(judged(SUB, strict), Severity.ADVICE)
    stricter = answers(SUB, at={f"_dmarc.mail.{HOME}": txt("v=DMARC1; p=reject; adkim=s; aspf=s")})
    assert "does not prove" in impersonable(SUB, stricter)
    assert "adkim=s" not in impersonable(SUB, stricter)


def test_what_the_mail_server_signs_stops_nothing_and_is_to_be_tried():
    alone = Identity(f"digest@{HOME}", HOME, "bounce.relay.zz")
    assert impersonable(alone, answers(alone)) == ""
    assert "--roundtrip" in judged(alone, answers(alone))[-1].do
    also = judged(US, answers())[-1].found
    assert "return path" in also
    other_path = Identity(f"digest@{HOME}", HOME, "bounce.relay.zz", (KEY,))
    assert "return path" not in judged(other_path, answers(other_path))[-1].found


# Names that are nobody's


@pytest.mark.parametrize(
    "domain",
    [
        "watch.example",
        "a.test",
        "x.invalid",
        "localhost",
        "a.localhost",
        "example.org",
        "mail.example.com",
        "192.0.2.1",
        "[2001:db8::1]",
        "::1",
        "printer.local",
        "host",
    ],
)
def test_a_reserved_name_is_asked_about_nowhere(domain):
    assert is_reserved(domain)


@pytest.mark.parametrize("domain", [HOME, "example.org.zz", "myexample.com", "test.zz"])
def test_any_other_name_is_asked_about(domain):
    assert not is_reserved(domain)


@given(st.text(max_size=60))
def test_any_text_can_be_read_as_a_record(text):
    assert all(name and name == name.lower() for name in tags_of(text))
    key_says(text)
    spf(HOME, txt(text))
    weakness(HOME, {f"_dmarc.{HOME}": txt(text)})
