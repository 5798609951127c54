"""Guarded HTTP: nothing else in the program sends requests to the outside world.

Every hop of every request is checked twice: its URL before it is asked, and the numeric address that the
socket really connects to. Behind a proxy, which connects for us, the URL alone is checked, and more strictly.
What goes wrong at a server is a value (`Unreached`), never an exception. This package knows nothing of feeds.
"""

from nkwatch.net.answers import Answer, Limits, Unreached
from nkwatch.net.robots import Allowed, Disallowed, Robots, Unknown
from nkwatch.net.web import Web

__all__ = ["Allowed", "Answer", "Disallowed", "Limits", "Robots", "Unknown", "Unreached", "Web"]
