"""The *morning*: the hour at which whoever runs this wants to hear of what need not wake anybody."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

#: From the morning's hour on, for so long, may the operator be told something.
DAYTIME = timedelta(hours=10)


def struck(now: datetime, zone: str, hour: int) -> datetime:
    """The last time that the morning's hour struck, in the time of that zone."""
    local = now.astimezone(ZoneInfo(zone))
    # an hour that comes twice, when the clocks go back, strikes the first time
    today = local.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    return today if today <= local else today - timedelta(days=1)
