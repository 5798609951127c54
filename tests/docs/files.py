"""Files that pages speak of: rolls as other programs write them, an archive, mails that came back. All of it is invented."""

import gzip
import json
import zipfile
from pathlib import Path

ARCHIVE = [
    {
        "feed": "https://courier.example/feed",
        "publisher": "The Wendlebury Courier",
        "url": f"https://courier.example/{day}",
        "title": f"Prison camp in North Korea holds {day * 100} people, group says",
        "summary": f"<p>Guards at the camp tortured {day * 100} prisoners, a rights group said.</p>",
        "published": f"2026-03-{day:02}T09:00:00Z",
    }
    for day in (3, 4)
]
ROLL = "email,origin,confirmed_at,tags\none@readers.example,a form on paper,2025-05-03T10:00:00Z,families\n"
LISTMONK = (
    "uuid,email,name,attributes,status,created_at,updated_at\n"
    '0d0c,{name}@readers.example,{name},"{{}}",enabled,2023-05-06T07:08:09Z,2023-05-06T07:08:09Z\n'
)
MAILCHIMP = (
    '"Email Address",OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,TIMEZONE,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n'
    "four@readers.example,2020-02-02 10:00:00,,2020-02-02 10:05:00,,Asia/Seoul,2020-02-02 10:05:00,1,a,,families\n"
)
TAGS = '[tag.families]\nthemes = ["separated_families", "abductions"]\n'
OPML = """<opml version="2.0"><body>
<outline type="rss" text="Valley Wire" xmlUrl="https://wire.example/feed"/>
</body></opml>
"""
PAGE = """<html lang="en"><head><title>A family is missing</title></head><body><article class="entry-content">
<h1>A family is missing in Hoeryong</h1><p>Three people have not been seen since Monday, their relatives say.</p>
<p>Neighbours heard a lorry in the night, and found the door open in the morning.</p></article></body></html>
"""
FEED = """<?xml version="1.0" encoding="EUC-KR"?><rss version="2.0"><channel><title>골짜기 통신</title>
<item><title>북한 정치범수용소</title><link>https://wire.example/1</link></item></channel></rss>"""
LABELLED = [
    {
        "title": "Water cells: what returned women told",
        "text": "Women who were sent back to North Korea told of water cells in which they had to stand for days.",
        "lang": "en",
        "about_nk": True,
        "themes": ["prisons", "refugees", "women"],
        "urgency": "notable",
    }
]
#: Postfix's way to say so (RFC 3464), to the address that the mail itself carried.
RETURNED = """From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: {envelope}
Subject: Undelivered Mail Returned to Sender
Date: Mon, 23 Nov 2026 11:00:00 +0000
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_"

--=_
Content-Type: text/plain

<{reader}>: host mx.example said: 550 5.1.1 User unknown

--=_
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {reader}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--=_--
"""
FORGED = """From: digest@watch.example
To: reader@example.org
Subject: Seven North Koreans held in Tumen
Date: Mon, 23 Nov 2026 11:00:00 +0000

Open this file at once.
"""


def write(folder: Path, envelope: str, reader: str) -> None:
    """Put them beside the settings, as somebody would have them who reads a page.

    A mail came back from `reader` to `envelope`.
    """
    archive, labelled = _lines(ARCHIVE), _lines(LABELLED)
    texts = {
        "archive.jsonl": archive,
        "readers.csv": ROLL,
        "gone.csv": LISTMONK.format(name="two"),
        "readers-listmonk.csv": LISTMONK.format(name="three"),
        "tags.toml": TAGS,
        "feeds.opml": OPML,
        "article.html": PAGE,
        "labelled.jsonl": labelled,
        "returned.eml": RETURNED.format(envelope=envelope, reader=reader),
        "suspicious.eml": FORGED,
        "korean.txt": "일곱 사람이 두만강 건너 투먼에 갇혀 있다.\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "feed.xml").write_bytes(FEED.encode("euc-kr"))
    (folder / "archive.jsonl.gz").write_bytes(gzip.compress(archive.encode()))
    for name in ("mine", "stick", "backups"):
        (folder / name).mkdir()
    with zipfile.ZipFile(folder / "export.zip", "w") as packed:
        packed.writestr("subscribed_email_audience_export_1.csv", MAILCHIMP)


def _lines(records: list[dict[str, object]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)
