"""How a process is, for whoever watches it: health, readiness, metrics. On an address of its own, never the site's."""

from nkwatch.web.vitals.app import create_vitals
from nkwatch.web.vitals.metrics import Metrics

__all__ = ["Metrics", "create_vitals"]
