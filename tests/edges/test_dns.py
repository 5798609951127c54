"""What comes of asking name servers, over real sockets on this machine."""

import dns.rcode
import pytest

from nkwatch.domain.posture import Absent, Answered, Unreached
from tests.edges.nameserver import name_server


@pytest.fixture
async def served():
    async with name_server(timeout=0.2, lifetime=0.4) as both:
        yield both


async def test_a_long_text_comes_in_one_piece(served):
    server, names = served
    long = "v=DKIM1; p=" + "A" * 400
    server.text("s1._domainkey.a.zz", long)
    assert await names.txt("s1._domainkey.a.zz") == Answered((long,))
    assert await names.txt("s1._domainkey.a.zz.") == Answered((long,))


async def test_several_texts_are_told_apart_and_odd_letters_do_no_harm(served):
    server, names = served
    server.text("a.zz", "one", "")
    server.has("a.zz", "TXT", r'"\255 two"')
    found = await names.txt("a.zz")
    assert set(found.records) == {"one", "", "\ufffd two"}


async def test_what_is_not_there_is_absent(served):
    server, names = served
    server.text("a.zz", "one")
    assert await names.txt("b.zz") == Absent()
    assert await names.mx("a.zz") == Absent()
    assert await names.addresses("b.zz") == Absent()


async def test_mail_hosts_come_in_the_order_of_preference(served):
    server, names = served
    server.has("a.zz", "MX", "20 second.a.zz.", "10 first.a.zz.")
    server.has("none.zz", "MX", "0 .")
    assert await names.mx("a.zz") == Answered(("first.a.zz", "second.a.zz"))
    assert await names.mx("none.zz") == Answered((".",))


async def test_addresses_of_both_kinds_and_the_way_back(served):
    server, names = served
    server.has("a.zz", "A", "192.0.2.1")
    server.has("a.zz", "AAAA", "2001:db8::1")
    server.has("1.2.0.192.in-addr.arpa", "PTR", "a.zz.")
    assert await names.addresses("a.zz") == Answered(("192.0.2.1", "2001:db8::1"))
    assert await names.addresses("192.0.2.9") == Answered(("192.0.2.9",))
    assert await names.pointer("192.0.2.1") == Answered(("a.zz",))
    assert await names.pointer("192.0.2.2") == Absent()


async def test_a_server_that_says_nothing_is_not_waited_for_long(served):
    server, names = served
    server.silent = True
    assert isinstance(await names.txt("a.zz"), Unreached)
    assert isinstance(await names.addresses("a.zz"), Unreached)


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
async def test_a_server_that_fails_or_refuses_is_a_sentence(served, rcode):
    server, names = served
    server.rcode = rcode
    assert await names.txt("a.zz") == Unreached("The name servers could not answer.")


@pytest.mark.parametrize("name", ["a..zz", "." * 5, "x" * 64 + ".zz", ".".join(["abcdefgh"] * 40)])
async def test_what_is_no_name_is_absent_and_nobody_is_asked(served, name):
    server, names = served
    assert await names.txt(name) == Absent()
    assert server.asked == []
