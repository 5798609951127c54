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
#: What is said of a link that does not work: the same for forged, expired and foreign ones, and for readers who are
#: gone. So nobody learns from the answer whether an address is known.
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
DEAD_MANAGING = Problem(
    HTTPStatus.NOT_FOUND,
    "This link does not work",
    "It may have been cut off by your mail program. Nothing was changed. Please use the link to your settings at the"
    " foot of the newest mail from us. If that does not work either, write to %(contact)s.",
)
DEAD_SETTINGS = Problem(
    HTTPStatus.NOT_FOUND,
    "This link does not work any more",
    "A link to settings works for 30 minutes, so that nobody else can use it later. Nothing was changed. Please open"
    " the link to your settings at the foot of the newest mail from us: you will get a new one by mail.",
)
DEAD_MOVE = Problem(
    HTTPStatus.NOT_FOUND,
    "This link does not work any more",
    "Either the change of address has taken place already, or a later one was asked for, or the link is older than 48"
    " hours or was cut off. Nothing was changed. If mails still go to the wrong address, please ask for the change"
    " once more, in your settings.",
)
TOO_OFTEN = Problem(
    HTTPStatus.TOO_MANY_REQUESTS,
    "That is enough for today",
    "You have asked for three changes of address within a day. Nothing was changed. Please confirm the last one by"
    " the links in the two mails, or try again tomorrow.",
)

_BY_STATUS = {p.status: p for p in (NOT_FOUND, WRONG_METHOD, TOO_LARGE, FAILED)}


def problem_of(status: int) -> Problem:
    """The problem to show for an HTTP status that the framework came up with."""
    return _BY_STATUS.get(HTTPStatus(status), BAD_REQUEST)
