"""What may be shown to everybody, said once for whatever lists, counts and searches. It asks of rows of `statement`.

`Story.public` says the same of a story at hand.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_

from nkwatch.domain.statement import Presence
from nkwatch.store import marks, schema

_STATEMENT = schema.statement.c


def public(now: datetime) -> ColumnElement[bool]:
    """Whether a statement may be shown: its source shows it or an editor kept it, no embargo binds, no editor holds
    its story.
    """
    return and_(
        # what was redacted whole has a presence of its own
        _STATEMENT.presence.in_([Presence.SHOWN, Presence.KEPT]),
        or_(_STATEMENT.embargo.is_(None), _STATEMENT.embargo <= now),
        ~marks.held(_STATEMENT.story_id),
    )
