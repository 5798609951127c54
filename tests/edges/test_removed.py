"""What stands in a mail's copy where something was taken out."""

from dataclasses import replace

import pytest
from lxml import html

from nkwatch.domain.alert import Alert
from nkwatch.domain.bulletin import Block
from nkwatch.domain.subscriber import Edition
from nkwatch.mail.compose import Composer
from nkwatch.mail.copies import shared_html
from nkwatch.mail.encoding import fill
from nkwatch.mail.removed import removal, removed_page, removed_text
from nkwatch.store.blackening_mails import decoded
from tests.making import NOW, story

SAID = "The editors have removed this."


def composer() -> Composer:
    """Composes in English and in Korean."""
    texts = {"ko": {SAID: "편집자가 삭제했습니다."}}
    return Composer(site="https://watch.example", name="nkwatch", contact="", themes=(), translations=texts, sources={})


def test_a_text_keeps_the_rule_that_it_began_with():
    assert removed_text("\n-----\n\nA title\nIts text\n", SAID) == f"-----\n\n{SAID}\n\n"
    assert removed_text("A title\n", SAID) == f"{SAID}\n\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<div class="s"><h3 title="Ri">Ri</h3><br></div>\n<div class="why">', f'<p>{SAID}</p><div class="why">\n'),
        ("</div>Ri\n", f"</div><p>{SAID}</p>\n"),
        ("<p>one<p>two</div><ul><li>", f"</div><p>{SAID}</p><p><p><ul><li>\n"),
        ("<div><p>left open</div>", f"<p>{SAID}</p>\n"),
    ],
)
def test_a_passage_of_a_page_opens_and_closes_what_it_did_before(old, new):
    assert removed_page(old, SAID) == new


def test_a_whole_page_keeps_its_head_without_its_title():
    old = '<!doctype html>\n<html lang="en"><head><title>Ri</title><style>p {}</style></head>\n<body aria-label="Ri"><p>Ri'
    assert removed_page(old, SAID) == (
        f'<!doctype html>\n<html lang="en"><head><title></title><style>p {{}}</style></head><body><p><p>{SAID}</p>\n'
    )


def test_it_is_said_in_the_language_of_the_mail_and_else_in_english():
    made = composer()
    removed = removal(made.blocks, made.languages)
    assert removed("ko", "A title\n") == "편집자가 삭제했습니다.\n\n"
    assert removed("xx", "A title\n") == f"{SAID}\n\n"
    assert removed("ko", "<p>A title</p>\n") == "<p>편집자가 삭제했습니다.</p>\n"


def test_an_alert_is_a_page_all_the_same():
    made = composer()
    mail = made.alert([Alert(story(), 1)], NOW, Edition("en"))
    removed = removal(made.blocks, made.languages)

    def without(block: Block) -> Block:
        text = decoded(block.body)
        return Block(fill(removed("en", text) if "/stories/s1" in text else text))

    after = replace(mail, html=tuple(without(p) if isinstance(p, Block) else p for p in mail.html))
    page = html.document_fromstring(shared_html(after))
    said = " ".join(page.text_content().split())
    assert SAID in said
    assert "Hoeryong" not in said
    assert "independent project" in said
    assert page.xpath("count(//*[contains(@class, 'sheet') or @role = 'main'])") == 1
