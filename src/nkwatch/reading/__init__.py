"""How a statement is read. Pure: the same statement under the same rules has the same reading, whatever the order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.statement import Statement
from nkwatch.reading.asks import asks
from nkwatch.reading.attribution import attribution
from nkwatch.reading.cases import cases
from nkwatch.reading.composing import back, composed
from nkwatch.reading.dangers import dangers
from nkwatch.reading.features import features
from nkwatch.reading.headcounts import headcounts
from nkwatch.reading.language import language
from nkwatch.reading.lexicon import Lexicon
from nkwatch.reading.places import places
from nkwatch.reading.quotes import quotes
from nkwatch.reading.relevance import relevance, suspected
from nkwatch.reading.rules import Rules
from nkwatch.reading.themes import names_rights, themes
from nkwatch.reading.urgency import urgency

#: What is looked at of one text; a longer one says what it is about before this.
LONGEST = 20_000
LONGEST_TITLE = 1_000


def may_concern(statement: Statement, lexicon: Lexicon, *, nk_only: bool = False) -> bool:
    """Whether what is shown of a statement names North Korea, or hints at it: then its page is worth reading."""
    shown = {"title": statement.title[:LONGEST_TITLE], "text": statement.shown[:LONGEST]}
    return nk_only or suspected([h for f, text in shown.items() for h in lexicon.hits(f, text, statement.language[:2])])


def read(statement: Statement, rules: Rules, *, nk_only: bool = False, reprinted_from: Sequence[str] = ()) -> Reading:
    """Language, then relevance; all else only of what is on North Korea.

    `nk_only` says that the statement's source writes on nothing else, `reprinted_from` names the organisations whose
    releases it may reprint.
    """
    whole = {"title": composed(statement.title[:LONGEST_TITLE]), "text": composed(statement.text[:LONGEST])}
    texts = {field: one.text for field, one in whole.items()}
    reading = _read(statement, texts, rules, nk_only=nk_only)
    if any(one.places for one in whole.values()):
        reading = back(reading, whole)
    released = attribution(statement, reprinted_from) if reading.about_nk else None
    if released is None:
        return reading
    return replace(reading, released_by=released.organisation, release_evidence=(released.evidence,))


def _read(statement: Statement, texts: Mapping[str, str], rules: Rules, *, nk_only: bool) -> Reading:
    written_in = language(" ".join(texts.values()), statement.language)
    hits = [h for field, text in texts.items() for h in rules.lexicon.hits(field, text, written_in)]
    on_rights = names_rights(hits, rules.lexicon.themes)
    found = relevance(hits, nk_only=nk_only, on_rights=on_rights, texts=texts)
    reading = Reading(
        statement_id=statement.id,
        revision=statement.revision,
        rules=rules.version,
        about_nk=found.about_nk,
        relevance=found.score,
        relevance_evidence=found.evidence,
        themes=(),
        urgency=Urgency.ROUTINE,
        urgency_evidence=(),
        language=written_in,
    )
    if not found.about_nk:
        return reading
    signs = features(hits, rules.weights.known)
    probabilities = rules.weights.probabilities(signs)
    findings = themes(probabilities, signs, rules.weights, rules.lexicon.themes)
    age = statement.first_seen - statement.published
    level, cues = urgency(probabilities, signs, rules.weights, findings, age)
    return replace(
        reading,
        themes=findings,
        urgency=level,
        urgency_evidence=cues,
        quotes=quotes(texts, rules.speech, written_in),
        asks=asks(texts, rules.speech, written_in),
        cases=cases(texts, rules.cases, written_in),
        dangers=dangers(signs, texts),
        places=places(hits, texts),
        people=headcounts(texts, written_in),
    )
