"""What DKIM and DMARC records have in common: lists of tags (RFC 6376, 3.2)."""

from collections.abc import Mapping

from nkwatch.domain.posture import Answered, Looked


def tags_of(record: str) -> Mapping[str, str]:
    """The tags of a record by name, in small letters; nothing where it is no list of tags, or names one twice."""
    parts = [part.partition("=") for part in record.split(";") if part.strip()]
    named = [(name.strip().lower(), value.strip()) for name, equals, value in parts if equals and name.strip()]
    found = dict(named)
    return found if len(found) == len(parts) else {}


def answered(looked: Looked) -> tuple[str, ...]:
    """The records; none where there are none or nobody answered."""
    return looked.records if isinstance(looked, Answered) else ()
