"""How a statement is read. Pure: the same statement under the same rules has the same reading, whatever the order."""

from collections.abc import Sequence

from nkwatch.domain.statement import Statement
from nkwatch.domain.theme import Reading
from nkwatch.reading.attribution import attribution
from nkwatch.reading.language import language
from nkwatch.reading.lexicon import HINTS, NAMES, Lexicon
from nkwatch.reading.relevance import relevance
from nkwatch.reading.themes import names_rights, themes
from nkwatch.reading.urgency import urgency

#: What is looked at of one text; a longer one says what it is about before this.
LONGEST = 20_000
LONGEST_TITLE = 1_000


def may_concern(statement: Statement, lexicon: Lexicon, *, nk_only: bool = False) -> bool:
    """Whether what is shown of a statement names North Korea, or hints at it: then its page is worth reading."""
    shown = {"title": statement.title[:LONGEST_TITLE], "text": statement.shown[:LONGEST]}
    hits = (h for field, text in shown.items() for h in lexicon.hits(field, text, statement.language[:2]))
    return nk_only or any(h.list in {NAMES, HINTS} for h in hits)


def read(
    statement: Statement, lexicon: Lexicon, *, nk_only: bool = False, reprinted_from: Sequence[str] = ()
) -> Reading:
    """Language, then relevance; themes and urgency only of what is on North Korea.

    `nk_only` says that the statement's source writes on nothing else, `reprinted_from` names the organisations whose
    releases it may reprint.
    """
    texts = {"title": statement.title[:LONGEST_TITLE], "text": statement.text[:LONGEST]}
    written_in = language(" ".join(texts.values()), statement.language)
    hits = [h for field, text in texts.items() for h in lexicon.hits(field, text, written_in)]
    found = relevance(hits, nk_only=nk_only, on_rights=names_rights(hits, lexicon.themes))
    findings = themes(hits, lexicon.themes) if found.about_nk else ()
    level, cues = urgency(hits, findings, lexicon.urgent_themes, texts)
    released = attribution(statement, reprinted_from)
    return Reading(
        statement_id=statement.id,
        revision=statement.revision,
        rules=lexicon.rules,
        about_nk=found.about_nk,
        relevance=found.score,
        relevance_evidence=found.evidence,
        themes=findings,
        urgency=level,
        urgency_evidence=cues,
        language=written_in,
        released_by=released.organisation if released else "",
        release_evidence=(released.evidence,) if released else (),
    )
