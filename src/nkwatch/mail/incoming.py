"""Mails that come in, as far as it matters what to do with them. Reads hostile bytes: run it where it can be killed."""

from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser

from lxml import etree
from lxml.html import HTMLParser

from nkwatch.domain.reply import Reply, own_lines
from nkwatch.net.letters import bodies, decoded, recipients, sender

LONGEST_SUBJECT = 1_000
MOST_RECIPIENTS = 100
#: A mail that passed through so many servers runs in a circle (RFC 5321, 6.3, asks for a large number).
MOST_HOPS = 50
#: Of programs that answer by themselves, from before RFC 3834.
ROBOTS = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply", "X-Mail-Autoreply", "List-Id")
BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
#: Reports that are about mails of ours (RFC 3464, RFC 5965); others, such as receipts, are of no use to anybody.
BOUNCES = frozenset({"delivery-status", "feedback-report"})
DAEMONS = frozenset({"mailer-daemon", "postmaster"})
UNSEEN = ("script", "style", "head", "template", "blockquote")
BREAKS = frozenset({"br", "p", "div", "tr", "li", "hr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "pre"})
#: The classes in which Gmail, Yahoo and Proton wrap what is quoted.
QUOTING = ("gmail_quote", "yahoo_quoted", "protonmail_quote")


def read_reply(raw: bytes) -> Reply | None:
    """What this mail says; None where it cannot be read. Never raises."""
    try:
        return _reply(BytesParser().parsebytes(raw))
    except Exception:  # noqa: BLE001  on hostile bytes the parsers of the standard library raise almost anything
        return None


def _reply(message: Message) -> Reply:
    _, who = sender(message)
    bounce = _report(message) in BOUNCES or who.partition("@")[0] in DAEMONS
    markup, plain = bodies(message)
    return Reply(
        recipients=tuple(sorted(recipients(message))[:MOST_RECIPIENTS]),
        sender=who,
        subject=" ".join(decoded(message.get("Subject")).split())[:LONGEST_SUBJECT],
        lines=own_lines(plain) or own_lines(_text(markup)),
        automatic=_automatic(message, who),
        bounce=bounce,
    )


def _automatic(message: Message, who: str) -> bool:
    """Whether no person wrote it (RFC 3834, 2), or nobody can be told to have written it."""
    submitted = _first_word(message, "Auto-Submitted")
    nobody = not who or str(message.get("Return-Path", "")).strip() == "<>"
    looping = len(message.get_all("Received") or []) > MOST_HOPS
    answered = any(name in message for name in ROBOTS) or _first_word(message, "Precedence") in BULK
    return submitted not in {"", "no"} or nobody or looping or answered or bool(_report(message))


def _report(message: Message) -> str:
    """The kind of report that a mail is (RFC 6522); empty for any other mail."""
    if message.get_content_type() != "multipart/report":
        return ""
    return str(message.get_param("report-type", "unknown")).lower()


def _first_word(message: Message, name: str) -> str:
    words = str(message.get(name, ""))[:LONGEST_SUBJECT].replace(";", " ").lower().split()
    return words[0] if words else ""


def _text(markup: str) -> str:
    """The text of a page with its lines, without what it quotes."""
    root = etree.fromstring(markup.encode(), HTMLParser(encoding="utf-8")) if markup.strip() else None
    return "".join(_pieces(root)) if root is not None else ""


def _pieces(root: etree._Element) -> Iterator[str]:
    """Every text with a line end wherever one is shown, in order; elements may lie in each other however deep."""
    skipped: etree._Element | None = None
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event in {"comment", "pi"}:
            yield element.tail or "" if skipped is None else ""
        elif event == "start" and skipped is None:
            yield "\n" if element.tag in BREAKS else ""
            if _quoted(element):
                skipped = element
            else:
                yield " ".join((element.text or "").split("\n"))
        elif event == "end" and skipped in {None, element}:
            skipped = None
            yield "\n" if element.tag in BREAKS else ""
            yield " ".join((element.tail or "").split("\n"))


def _quoted(element: etree._Element) -> bool:
    return element.tag in UNSEEN or any(name in (element.get("class") or "") for name in QUOTING)
