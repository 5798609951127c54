"""Guarded HTTP: nothing else in the program sends requests to the outside world.

Every hop of every request is checked twice: its URL before it is asked, and the numeric address that the
socket really connects to. What goes wrong at a server is a value (`Unreached`), never an exception. This
package knows nothing of feeds.
"""

from nkwatch.net.web import Answer, Limits, Unreached, Web

__all__ = ["Answer", "Limits", "Unreached", "Web"]
