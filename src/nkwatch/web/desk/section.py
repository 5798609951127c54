"""What the parts of the desk that change something have in common."""

from nkwatch.web.desk.room import Room
from nkwatch.web.desk.touch import Touches


class Section:
    """A part of the desk: the room that all share, and the touches of keys that its grave acts need."""

    def __init__(self, room: Room, touches: Touches) -> None:
        self._room = room
        self._touches = touches
        self._newsroom = room.newsroom
        self._themes = room.newsroom.rules.lexicon.by_code
