"""What an editor is told when something cannot be done."""

from http import HTTPStatus

from nkwatch.web.problems import Problem

NO_FORM = Problem(
    HTTPStatus.BAD_REQUEST,
    "This form is too old",
    "Nothing was changed. You may have signed in or out since the page was opened. Please load it again.",
)
SIGNED_OUT = Problem(
    HTTPStatus.FORBIDDEN,
    "You are signed out",
    "Nothing was changed. Sessions end after half an hour without use, and after twelve hours. Please sign in again.",
)
NO_SUCH_KEY = Problem(
    HTTPStatus.FORBIDDEN,
    "That did not work",
    "Either this passkey is not known here, or your device did not check that it is you, or it took more than two"
    " minutes. Please try again. If you have no passkey yet, ask for a link.",
)
DEAD_LINK = Problem(
    HTTPStatus.NOT_FOUND,
    "This link does not work here",
    "It works once, for ten minutes, and only in the browser in which it was asked for. Nothing was changed. Please ask"
    " for a new one in this browser.",
)
NOT_KEPT = Problem(
    HTTPStatus.FORBIDDEN,
    "No passkey was kept",
    "Your device did not check that it is you, or it took too long, or this passkey is known already. Please ask for a"
    " new link.",
)
LAST_KEY = Problem(
    HTTPStatus.CONFLICT,
    "That is your only passkey",
    "It stays, or you could not get in any more. Add another first, or ask whoever runs the server to remove it.",
)
TOO_OFTEN = Problem(
    HTTPStatus.TOO_MANY_REQUESTS,
    "That was asked for too often",
    "Please wait for an hour and try again, or ask whoever runs the server for a link.",
)
GONE = Problem(
    HTTPStatus.NOT_FOUND,
    "There is no such page at the desk",
    "The address may be cut off, or its story is gone. Please start again from the front of the desk.",
)
