"""What providers report, in their documented formats; signatures; and whatever else somebody may send."""

import base64
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bounce import Bounce, BounceKind
from nkwatch.domain.problems import ConfigError
from nkwatch.keys import Keyring
from nkwatch.mail.bounces.hooks import PURPOSE, SIGNATURE, TIMESTAMP, Report, ReportHook, hooks, path_of
from nkwatch.mail.bounces.providers import FORMATS, MOST_EVENTS
from tests.making import NOW

HARD, SOFT, COMPLAINT = BounceKind.HARD, BounceKind.SOFT, BounceKind.COMPLAINT
AUTO_REPLY, NONE = BounceKind.AUTO_REPLY, BounceKind.NONE
ANN = "ann@inbox.example"
SES_ID, OURS = "0102018f-5a5a-000000", "<token@watch.example>"


def read(provider: str, told: Any) -> tuple[Bounce, ...]:
    report = ReportHook(provider).read(json.dumps(told).encode(), {})
    assert (report.to_open, report.doubt) == ("", "")
    return report.events


def kinds(provider: str, told: Any) -> list[BounceKind]:
    return [event.kind for event in read(provider, told)]


# Amazon SES


def ses(kind: str = "Bounce", name: str = "notificationType", **parts: Any) -> dict[str, Any]:
    mail = {"messageId": SES_ID, "destination": [ANN], "commonHeaders": {"messageId": OURS}}
    return {name: kind, "mail": mail, **parts}


def ses_bounce(of: str = "Permanent", sub: str = "General", **recipient: str) -> dict[str, Any]:
    bounced = [{"emailAddress": "Ann@inbox.example"} | recipient]
    return {"bounceType": of, "bounceSubType": sub, "bouncedRecipients": bounced}


def wrapped(message: Any, **more: Any) -> dict[str, Any]:
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": json.dumps(message)} | more


def test_a_bounce_at_amazon_names_the_message_its_recipient_and_the_code() -> None:
    said = ses_bounce(status="5.1.1", diagnosticCode="smtp; 550 5.1.1 user unknown", action="failed")
    expected = Bounce(HARD, (ANN,), "5.1.1", relay_ids=(SES_ID,), message_ids=(OURS,))
    for told in (ses(bounce=said), ses(name="eventType", bounce=said)):
        assert read("ses", told) == (expected,)
        assert read("ses", wrapped(told)) == (expected,)


@pytest.mark.parametrize(
    ("of", "sub", "status", "said", "kind"),
    [
        ("Permanent", "General", "", "", HARD),
        ("Permanent", "NoEmail", "", "", HARD),
        ("Permanent", "Suppressed", "5.1.1", "Amazon SES did not send the message to this address", HARD),
        ("Permanent", "OnAccountSuppressionList", "5.1.1", "", HARD),
        ("Permanent", "General", "5.7.1", "smtp; 550 5.7.1 message blocked as spam", SOFT),
        ("Transient", "MailboxFull", "5.2.2", "smtp; 552 5.2.2 mailbox full", SOFT),
        ("Transient", "General", "", "", SOFT),
        ("Undetermined", "Undetermined", "", "", SOFT),
    ],
)
def test_amazons_types_are_told_apart(of: str, sub: str, status: str, said: str, kind: BounceKind) -> None:
    assert kinds("ses", ses(bounce=ses_bounce(of, sub, status=status, diagnosticCode=said))) == [kind]


def test_complaints_and_deliveries_at_amazon() -> None:
    complaint = {"complainedRecipients": [{"emailAddress": ANN}], "complaintFeedbackType": "abuse"}
    (event,) = read("ses", wrapped(ses("Complaint", complaint=complaint)))
    assert event == Bounce(COMPLAINT, (ANN,), relay_ids=(SES_ID,), message_ids=(OURS,))
    assert kinds("ses", ses("Delivery", delivery={"recipients": [ANN]})) == [NONE]
    for other in ("DeliveryDelay", "Send", "Open", ""):
        assert read("ses", ses(other)) == ()


def test_a_subscription_is_told_to_somebody_and_nothing_is_fetched() -> None:
    link = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37"
    told = {"Type": "SubscriptionConfirmation", "SubscribeURL": link}
    assert ReportHook("ses").read(json.dumps(told).encode(), {}) == Report(to_open=link)


@pytest.mark.parametrize(
    "link",
    [
        "", "http://sns.eu-central-1.amazonaws.com/", "https://evil.example/?sns.x.amazonaws.com", "https://[",
        "https://sns.evil.example/", "https://amazonaws.com/", "https://sns.x.amazonaws.com.evil.example/",
    ],
)  # fmt: skip
def test_a_link_to_anywhere_else_is_told_to_nobody(link: str) -> None:
    told = {"Type": "SubscriptionConfirmation", "SubscribeURL": link}
    report = ReportHook("ses").read(json.dumps(told).encode(), {})
    assert report.doubt
    assert (report.to_open, report.events) == ("", ())


# Postmark


@pytest.mark.parametrize(
    ("of", "kind"),
    [
        ("HardBounce", HARD), ("BadEmailAddress", HARD), ("SoftBounce", SOFT), ("DnsError", SOFT), ("Blocked", SOFT),
        ("SpamNotification", SOFT), ("ManuallyDeactivated", SOFT), ("SpamComplaint", COMPLAINT), ("Transient", NONE),
        ("AutoResponder", AUTO_REPLY), ("AddressChange", AUTO_REPLY), ("of tomorrow", SOFT),
    ],
)  # fmt: skip
def test_postmarks_types_are_told_apart(of: str, kind: BounceKind) -> None:
    told = {"RecordType": "Bounce", "Type": of, "MessageID": "00000000-aaaa", "Email": ANN, "ID": 42, "Inactive": True}
    assert read("postmark", told) == (Bounce(kind, (ANN,), relay_ids=("00000000-aaaa",)),)


def test_complaints_and_deliveries_at_postmark() -> None:
    assert kinds("postmark", {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "Email": ANN}) == [COMPLAINT]
    assert kinds("postmark", {"RecordType": "Delivery", "Recipient": ANN}) == [NONE]
    assert kinds("postmark", {"RecordType": "Open"}) == []


# Mailgun


def mailgun(event: str = "failed", **more: Any) -> dict[str, Any]:
    message = {"headers": {"message-id": "token@watch.example", "to": ANN}}
    return {"event-data": {"event": event, "recipient": ANN, "message": message} | more}


def failed(severity: str = "permanent", reason: str = "bounce", **status: Any) -> dict[str, Any]:
    return mailgun(severity=severity, reason=reason, **{"delivery-status": status})


def test_a_failure_at_mailgun_is_known_by_our_own_message_id() -> None:
    told = failed(code=550, **{"enhanced-code": "5.1.1", "message": "5.1.1 The email account does not exist"})
    assert read("mailgun", told) == (Bounce(HARD, (ANN,), "5.1.1", message_ids=(OURS,)),)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (failed(code=550, message="no such user here"), HARD),
        (failed(reason="generic", code=550, message="5.7.1 blocked by policy"), SOFT),
        (failed(reason="old", code=602, message="too old"), SOFT),
        (failed(reason="suppress-bounce", code=605), HARD),
        (failed(reason="suppress-complaint", code=607), COMPLAINT),
        (failed("temporary", "generic", code=450, message="greylisted"), NONE),
        (failed("temporary", "bounce", code=550, message="no such user here"), NONE),
        (mailgun("complained"), COMPLAINT),
        (mailgun("delivered"), NONE),
    ],
)
def test_mailguns_events_are_told_apart(told: Any, kind: BounceKind) -> None:
    assert kinds("mailgun", told) == [kind]


def test_what_else_mailgun_reports_is_no_event() -> None:
    assert kinds("mailgun", mailgun("opened")) == []


# SendGrid


def sendgrid(event: str, of: str = "", **more: Any) -> dict[str, Any]:
    names = {"sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0", "smtp-id": OURS}
    return {"event": event, "email": ANN, "timestamp": 1, **names, **({"type": of} if of else {}), **more}


def test_events_at_sendgrid_come_in_lists_and_are_known_by_the_first_part_of_its_id() -> None:
    bounced = sendgrid("bounce", "bounce", status="5.1.1", reason="550 5.1.1 user unknown")
    first, second = read("sendgrid", [bounced, sendgrid("spamreport")])
    assert (first.kind, first.recipients, first.status, first.message_ids) == (HARD, (ANN,), "5.1.1", (OURS,))
    assert {"14c5d75ce93.dfd.64b469", "14c5d75ce93"} < set(first.relay_ids)
    assert second.kind is COMPLAINT
    newer = sendgrid("bounce", sg_message_id="hWUNDHtwSbWp9zJgsIUjqA.recvd-6f7c8d8f-abc-1-6123")
    assert "hWUNDHtwSbWp9zJgsIUjqA" in read("sendgrid", [newer])[0].relay_ids


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (sendgrid("bounce", "bounce", reason="500 unknown recipient"), HARD),
        (sendgrid("bounce", "bounce", status="5.7.1", reason="554 5.7.1 rejected for policy reasons"), SOFT),
        (sendgrid("bounce", "blocked", status="5.1.1", reason="550 5.1.1"), SOFT),
        (sendgrid("bounce"), HARD),
        (sendgrid("dropped", reason="Bounced Address"), HARD),
        (sendgrid("dropped", reason="Spam Reporting Address"), COMPLAINT),
        (sendgrid("dropped", reason="Unsubscribed Address"), SOFT),
        (sendgrid("deferred", response="450 later"), NONE),
        (sendgrid("delivered"), NONE),
    ],
)
def test_sendgrids_events_are_told_apart(event: Any, kind: BounceKind) -> None:
    assert kinds("sendgrid", [event]) == [kind]


def test_what_else_sendgrid_reports_is_no_event_and_lists_have_an_end() -> None:
    assert kinds("sendgrid", [sendgrid("open"), 7, None, []]) == []
    assert len(read("sendgrid", [sendgrid("delivered")] * (MOST_EVENTS + 5))) == MOST_EVENTS


# Signatures

MAILGUN_KEY = "key-of-a-webhook"
PRIVATE = ec.generate_private_key(ec.SECP256R1())


def public(key: Any) -> str:
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


KEYS = {"mailgun": MAILGUN_KEY, "sendgrid": public(PRIVATE)}


def mailgun_signed(timestamp: Any = "1700000000", token: str = "abc", key: str = MAILGUN_KEY) -> bytes:
    good = hmac.new(key.encode(), f"{timestamp}{token}".encode(), "sha256").hexdigest()
    signature = {"timestamp": timestamp, "token": token, "signature": good}
    return json.dumps(mailgun("complained") | {"signature": signature}).encode()


def test_what_mailgun_signed_is_believed_and_nothing_else() -> None:
    hook = hooks(["mailgun"], KEYS)["mailgun"]
    assert len(hook.read(mailgun_signed(), {}).events) == 1
    assert len(hook.read(mailgun_signed(1700000000), {}).events) == 1
    unsigned = json.dumps(mailgun("complained")).encode()
    other = mailgun_signed().replace(b'"abc"', b'"abd"')
    for body in (
        unsigned,
        other,
        mailgun_signed(key="x"),
        b"[]",
        b"",
        b'{"signature": 7}',
        b'{"signature": {"signature": "\xc3\xa9"}}',
    ):
        report = hook.read(body, {})
        assert report.events == ()
        assert "signature" in report.doubt


def test_what_sendgrid_signed_is_believed_and_nothing_else() -> None:
    hook = hooks(["sendgrid"], KEYS)["sendgrid"]
    body, at = json.dumps([sendgrid("spamreport")]).encode(), "1700000000"
    signature = base64.b64encode(PRIVATE.sign(at.encode() + body, ec.ECDSA(SHA256()))).decode()
    headers = {SIGNATURE: signature, TIMESTAMP: at}
    assert len(hook.read(body, headers).events) == 1
    wrong: list[tuple[bytes, dict[str, str]]] = [
        (body, {}),
        (body + b" ", headers),
        (body, headers | {TIMESTAMP: "1700000001"}),
        (body, headers | {SIGNATURE: "%%%"}),
        (body, headers | {SIGNATURE: "é"}),
        (body, headers | {SIGNATURE: base64.b64encode(b"x").decode()}),
    ]
    for sent, said in wrong:
        assert hook.read(sent, said) == Report(doubt=hook.read(body, {}).doubt)


def test_without_a_key_the_token_in_the_address_alone_counts() -> None:
    made = hooks(["ses", "mailgun", "sendgrid"], {"mailgun": ""})
    assert [h.checked for h in made.values()] == ["none", *["not checked: no key in the file of secrets"] * 2]
    assert len(made["mailgun"].read(json.dumps(mailgun("complained")).encode(), {}).events) == 1
    assert [h.checked for h in hooks(["mailgun", "sendgrid"], KEYS).values()] == ["checked", "checked"]
    assert MAILGUN_KEY not in repr(hooks(["mailgun"], KEYS))


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"sendgrid": "no base64!"}, "no public key"),
        ({"sendgrid": base64.b64encode(b"x").decode()}, "no public key"),
        ({"sendgrid": public(rsa.generate_private_key(65537, 2048))}, "no public key"),
        ({"ses": "x"}, "ses cannot be checked"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_at_once(keys: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        hooks(["sendgrid", "ses"], keys)


def test_the_address_of_a_webhook_holds_a_token_for_that_provider_alone() -> None:
    ring = Keyring({1: b"k" * 32}, 1)
    _, place, provider, token = path_of(ring, "ses").split("/")
    assert (place, provider, ring.subject(PURPOSE, token, NOW)) == ("bounces", "ses", "ses")
    assert ring.subject("leave", token, NOW) is None
    assert path_of(ring, "ses") != path_of(ring, "mailgun")


# Hostile

FIELDS = st.sampled_from(
    [
        "Type", "Message", "notificationType", "eventType", "mail", "bounce", "bouncedRecipients", "complaint", "event",
        "complainedRecipients", "messageId", "commonHeaders", "RecordType", "Email", "MessageID", "event-data",
        "delivery-status", "message", "headers", "message-id", "severity", "reason", "sg_message_id", "smtp-id", "type",
        "status", "email", "recipient", "SubscribeURL", "signature", "code", "emailAddress", "diagnosticCode",
    ]
)  # fmt: skip
VALUES = st.sampled_from(
    ["Bounce", "Complaint", "Delivery", "failed", "permanent", "bounce", "dropped", "Notification", "spamreport", ANN]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | st.text(max_size=5), inner, max_size=6),
    max_leaves=25,
)


@given(st.sampled_from(sorted(FORMATS)), JSON)
def test_whatever_json_comes_is_read(provider: str, told: Any) -> None:
    for event in ReportHook(provider).read(json.dumps(told).encode(), {}).events:
        assert all(text.isprintable() for text in (*event.recipients, *event.relay_ids, *event.message_ids))


@given(st.sampled_from(sorted(FORMATS)), st.binary(max_size=200))
def test_whatever_bytes_come_are_read(provider: str, body: bytes) -> None:
    assert ReportHook(provider).read(body, {}).events == ()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000, b'{"a":' * 100_000, b'{"event-data": {"event": ' + b"9" * 5_000 + b"}}", b"\xff\xfe", b"NaN",
        b'{"Type": "Notification", "Message": "\\ud800"}', b'{"Type": "Notification", "Message": 7}',
        b'{"Type": "Notification", "Message": "' + b"[" * 50_000 + b'"}', b'{"RecordType": "Bounce", "Email": "\\u0000@\\ud800"}',
    ],
)  # fmt: skip
def test_what_breaks_parsers_does_no_harm(body: bytes) -> None:
    for provider in FORMATS:
        for event in ReportHook(provider).read(body, {}).events:
            assert all(r.isprintable() for r in event.recipients)
