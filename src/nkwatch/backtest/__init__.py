"""What would have gone out: archived entries through the parts of a real newsroom, on a simulated clock.

Nothing is fetched and nothing is sent. The sources answer from the archive, the mails are kept.
"""

from nkwatch.backtest.archive import Archive, Span, read_archive
from nkwatch.backtest.changes import changes
from nkwatch.backtest.pages import write_pages
from nkwatch.backtest.record import record
from nkwatch.backtest.replay import replay, weekly
from nkwatch.backtest.room import Options
from nkwatch.backtest.sources import Shown, known_sources, shown_by
from nkwatch.backtest.weeks import Backtested, Week

__all__ = [
    "Archive",
    "Backtested",
    "Options",
    "Shown",
    "Span",
    "Week",
    "changes",
    "known_sources",
    "read_archive",
    "record",
    "replay",
    "shown_by",
    "weekly",
    "write_pages",
]
