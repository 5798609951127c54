"""How a statement is read. Pure: the same statement under the same rules has the same reading, whatever the order."""

from nkwatch.domain.statement import Statement
from nkwatch.domain.theme import Reading
from nkwatch.reading.language import language
from nkwatch.reading.lexicon import Lexicon
from nkwatch.reading.relevance import relevance
from nkwatch.reading.themes import names_rights, themes
from nkwatch.reading.urgency import urgency

#: What is looked at of one text; a longer one says what it is about before this.
LONGEST = 20_000
LONGEST_TITLE = 1_000


def read(statement: Statement, lexicon: Lexicon, *, nk_only: bool = False) -> Reading:
    """Language, then relevance; themes and urgency only of what is on North Korea.

    `nk_only` says that the statement's source writes on nothing else.
    """
    texts = {"title": statement.title[:LONGEST_TITLE], "text": statement.text[:LONGEST]}
    written_in = language(" ".join(texts.values()), statement.language)
    hits = [h for field, text in texts.items() for h in lexicon.hits(field, text, written_in)]
    found = relevance(hits, nk_only=nk_only, on_rights=names_rights(hits, lexicon.themes))
    findings = themes(hits, lexicon.themes) if found.about_nk else ()
    level, cues = urgency(hits, findings, lexicon.urgent_themes, texts)
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
    )
