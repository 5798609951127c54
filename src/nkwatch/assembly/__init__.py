"""The only package that knows all the parts: it puts them together by what the settings say."""

from nkwatch.assembly.collecting import kinds
from nkwatch.assembly.newsroom import Newsroom, check_sources, open_newsroom, utc_now

__all__ = ["Newsroom", "check_sources", "kinds", "open_newsroom", "utc_now"]
