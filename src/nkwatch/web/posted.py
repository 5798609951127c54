"""What a browser sends when a button is pressed."""

from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import FormData

from nkwatch.web.values import LONGEST, MOST_FOLLOWED, MOST_WISHES

#: Bytes of the largest form: each letter takes up to 12 when it is escaped, each line end 6; and all that is ticked.
LARGEST_FORM = 2 * (MOST_WISHES + 1) * MOST_FOLLOWED * (LONGEST * 12 + 6) + 80_000
#: A form is refused that has more fields than ours can have.
MOST_FIELDS = 4000
URLENCODED = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> FormData | None:
    """The fields of a request; None when they are no form in UTF-8 that one of our pages could have sent."""
    kind, _, parameter = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != URLENCODED or parameter.strip().lower() not in {"", "charset=utf-8"}:
        return None
    try:
        body = (await request.body()).decode("utf-8")
        pairs = parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        return None
    return FormData([(name, value) for name, value in pairs])
