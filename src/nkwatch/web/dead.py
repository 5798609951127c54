"""What is said of links that do not work: the same for forged, expired and foreign ones, and for readers who are gone.

So nobody learns from the answer whether an address is known.
"""

from http import HTTPStatus

from nkwatch.web.problems import Problem

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
