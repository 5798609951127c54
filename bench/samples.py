"""Feeds of real size, written by a program: no two alike, a third in Korean, texts in HTML as feeds have them."""

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

#: What 192 real feeds measured: 5 to 459 KB, median 68 KB.
SIZES = (5_000, 20_000, 40_000, 60_000, 68_000, 76_000, 110_000, 180_000, 300_000, 459_000)
ENGLISH = re.findall(
    r"\w+",
    "the families of those returned across the border have heard nothing since spring and their neighbours say that "
    "trucks came at night while officials in the county deny that anybody was ever held there for leaving home",
)
KOREAN = re.findall(
    r"\w+", "국경 지역 주민들은 지난 봄 이후 송환된 사람들의 소식을 듣지 못했다고 전하며 당국은 이를 부인하고 있다"
)
START = datetime(2026, 11, 20, 8, tzinfo=UTC)


def feeds(count: int, *, seed: int = 7) -> Iterator[bytes]:
    """`count` RSS feeds, always the same for one `seed`."""
    chance = random.Random(seed)
    for number in range(count):
        yield feed(number, SIZES[number % len(SIZES)], chance)


def feed(number: int, size: int, chance: random.Random) -> bytes:
    """One feed of about `size` bytes."""
    words, tag = (KOREAN, "ko") if number % 3 == 2 else (ENGLISH, "en")
    items: list[str] = []
    length = 0
    while length < size:
        items.append(_item(number, len(items), words, chance))
        length += len(items[-1].encode())
    head = f"<title>Source {number}</title><link>http://s{number}.localhost/</link><language>{tag}</language>"
    document = f'<rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'
    return f'<?xml version="1.0" encoding="utf-8"?>{document}'.encode()


def _item(number: int, place: int, words: list[str], chance: random.Random) -> str:
    title = " ".join(chance.choices(words, k=9))
    text = "".join(_paragraph(number, place, words, chance) for _ in range(3))
    date = format_datetime(START - timedelta(hours=7 * place, minutes=number % 60))
    link = f"http://s{number}.localhost/{number}/{place}"
    return (
        f"<item><title>{escape(title)}</title><link>{link}</link><guid>{link}</guid><pubDate>{date}</pubDate>"
        f"<description>{escape(text)}</description></item>"
    )


def _paragraph(number: int, place: int, words: list[str], chance: random.Random) -> str:
    """As the editors of usual sites write it: a picture with its caption, links, emphasis, classes."""
    said = [" ".join(chance.choices(words, k=20)) for _ in range(3)]
    picture = (
        f'<figure class="wp-block-image size-large"><img loading="lazy" width="1024" height="683" alt="{said[0]}" '
        f'src="http://s{number}.localhost/uploads/{place}-1024x683.jpg" class="wp-image-{place}" />'
        f"<figcaption>{said[0][:60]}</figcaption></figure>"
    )
    link = f'<a href="/news/{place}" target="_blank" rel="noreferrer noopener">{said[1][:40]}</a>'
    return (
        f'{picture}<p class="has-text-align-left">{said[0]} <em>{said[1]}</em>, {link} <strong>{said[2]}</strong></p>'
    )
