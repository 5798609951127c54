"""What a request says of itself beside its address: no such name gets into an answer, a mail, or what is kept for others."""

from contextlib import asynccontextmanager
from urllib.parse import urljoin

import httpx

from nkwatch.web.app import create_app
from tests.web.conftest import visitor
from tests.web.samples import SITE, confirmed, empty_newsroom, handed_over, link, tell_samples
from tests.web.test_hostile import Known, routes
from tests.web.test_signup import press

EVIL = "evil.example"
#: By these a site may be told that its name, its scheme, its address or the method is another.
SAID = {
    "Host": EVIL,
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Server": EVIL,
    "X-Forwarded-Prefix": f"/{EVIL}",
    "X-Forwarded-Proto": EVIL,
    "X-Forwarded-Port": "4444",
    "Forwarded": f"host={EVIL};proto={EVIL}",
    "X-Host": EVIL,
    "X-Original-URL": f"//{EVIL}/",
    "X-Rewrite-URL": f"//{EVIL}/",
    "X-HTTP-Method-Override": "POST",
    "Referer": f"https://{EVIL}/",
    "Origin": f"https://{EVIL}",
    "Cookie": f"lang={EVIL}; nkwatch-desk={EVIL}",
    "User-Agent": EVIL,
    "Accept": f"text/{EVIL}",
    "Accept-Encoding": EVIL,
    "Accept-Charset": EVIL,
    "X-Forwarded-For": EVIL,
}
#: What a browser or a library might take for an address elsewhere.
ELSEWHERE = (
    f"//{EVIL}", f"//{EVIL}/", f"///{EVIL}/..", f"/\\{EVIL}", f"/%2f{EVIL}", f"/%5c{EVIL}", f"/%09/{EVIL}",
    f"/;@{EVIL}", f"/stories//{EVIL}", f"/stories/%2f%2f{EVIL}", f"/api//{EVIL}", f"/api/v1//{EVIL}", f"/?next=//{EVIL}",
    f"/search?q=a&next=https://{EVIL}", f"/subscribe?return=//{EVIL}", f"/themes/..%2f..%2f{EVIL}/",
    f"/%0d%0aLocation:%20https://{EVIL}/", f"/api?%0d%0aLocation:https://{EVIL}", "/api/../../etc/passwd",
    "/..%2f..%2f..%2fetc%2fpasswd", "/style.css/..%2f..%2fnkwatch.db", "/api/v1/..%2f..%2fnkwatch.secrets.toml",
)  # fmt: skip


@asynccontextmanager
async def told(folder):
    """A newsroom with the sample texts, and two sites over it that keep answers each for itself."""
    async with empty_newsroom(folder) as newsroom, visitor(newsroom) as site, visitor(newsroom) as untouched:
        await tell_samples(newsroom)
        yield newsroom, site, untouched


async def test_no_name_that_a_request_says_gets_into_an_answer_or_is_kept_for_others(tmp_path):
    async with told(tmp_path) as (newsroom, site, untouched):
        known = Known(newsroom)
        paths = [p for t in routes(create_app(newsroom).routes) for p in known.fill(t)[:1] if p != "/healthz"]
        assert len(paths) > 40
        for path in paths:
            # what is made for one who wants no body, or has one already, must not be what others get
            await site.head(path, headers=SAID)
            await site.get(path, headers={"If-None-Match": "*", "Range": "bytes=0-0"})
            poisoned = await site.get(path, headers=SAID)
            honest, clean = await site.get(path), await untouched.get(path)
            assert EVIL not in str(poisoned.headers) + poisoned.text, path
            assert (honest.status_code, honest.content) == (clean.status_code, clean.content), path


async def test_no_address_leads_to_another_site_or_out_of_the_pages(tmp_path):
    async with told(tmp_path) as (_, site, _other):
        for path in ELSEWHERE:
            answer = await site.send(httpx.Request("GET", httpx.URL(SITE).copy_with(raw_path=path.encode())))
            assert urljoin(f"{SITE}/", answer.headers.get("location", "/")).startswith(f"{SITE}/"), path
            assert "root:" not in answer.text, path


async def test_the_links_of_mails_are_those_of_the_settings_whatever_name_was_asked_for(tmp_path):
    async with told(tmp_path) as (newsroom, site, _):
        reader = await confirmed(newsroom, "heron@inbox.example")
        site.headers.update({n: v for n, v in SAID.items() if n not in {"Origin", "Referer", "Cookie"}})
        assert (await press(site, "join", address="kestrel@inbox.example")).status_code == 200
        await site.post(link(newsroom, "manage", reader))
        mails = await handed_over(newsroom)
        assert len(mails) == 2
        for mail in mails:
            assert EVIL not in mail.as_string()
            assert f"{SITE}/" in mail.get_body(("plain",)).get_content()
