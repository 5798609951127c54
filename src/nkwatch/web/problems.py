"""What a reader is told when a page cannot be shown: what happened, and what to do next. Never more."""

from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Problem:
    """`title` and `advice` are English messages, translated when they are shown; `advice` may name the contact."""

    status: HTTPStatus
    title: str
    advice: str


NOT_FOUND = Problem(
    HTTPStatus.NOT_FOUND,
    "There is no such page",
    "The address may be mistyped or cut off, or the text was taken back by its publisher. Please start again from the"
    " newest stories.",
)
WRONG_METHOD = Problem(
    HTTPStatus.METHOD_NOT_ALLOWED,
    "This page cannot be used in that way",
    "Please open it again from its link and use the button on it.",
)
BAD_REQUEST = Problem(
    HTTPStatus.BAD_REQUEST,
    "We could not make sense of that",
    "Nothing was changed. Please go back to the page you came from, load it again and try once more.",
)
TOO_LARGE = Problem(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "That was too much at once",
    "Nothing was changed. Please go back to the page you came from, load it again and try once more.",
)
TOO_SLOW = Problem(
    HTTPStatus.REQUEST_TIMEOUT,
    "That took too long",
    "Nothing was changed. Please go back to the page you came from, load it again and try once more.",
)
FOREIGN = Problem(
    HTTPStatus.FORBIDDEN,
    "That came from another site",
    "Nothing was changed. Somebody else's page may have tried to act in your name. If it was you, please open the page"
    " here and use the button on it.",
)
CROWDED = Problem(
    HTTPStatus.TOO_MANY_REQUESTS,
    "Too much is coming in just now",
    "Nothing was changed. Please go back to the page you came from and try again in a minute.",
)
CLOSED = Problem(
    HTTPStatus.FORBIDDEN,
    "Nobody can subscribe here at present",
    "The feeds go on, and nobody needs an address for them. To get mails, please write to %(contact)s.",
)
FAILED = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "Something went wrong on our side",
    "It was noted for the people who run this service. Please try again in a few minutes. If it stays like that,"
    " write to %(contact)s.",
)
#: One and the same for forged, expired and foreign links: it gives no hint whether an address is known.
DEAD_CONFIRMATION = Problem(
    HTTPStatus.NOT_FOUND,
    "This link does not work",
    "It may have been cut off by your mail program, or it is older than 48 hours. Nothing was changed. Please copy the"
    " whole address from the mail, or subscribe once more: you will get a new link.",
)
DEAD_LEAVING = Problem(
    HTTPStatus.NOT_FOUND,
    "This link does not work",
    "It may have been cut off by your mail program. Nothing was changed. Please use the link at the foot of the newest"
    " mail from us. If that does not work either, write to %(contact)s and we take you off the list.",
)

_BY_STATUS = {p.status: p for p in (NOT_FOUND, WRONG_METHOD, TOO_LARGE, FAILED)}


def problem_of(status: int) -> Problem:
    """The problem to show for an HTTP status that the framework came up with."""
    return _BY_STATUS.get(HTTPStatus(status), BAD_REQUEST)
