"""What a browser sends when a button is pressed: a form, lines in it, a mail address. Nothing in it raises."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email
from fastapi import Request
from starlette.datastructures import FormData

#: A form is refused that has more fields than ours can have.
MOST_FIELDS = 4000
URLENCODED = "application/x-www-form-urlencoded"
#: RFC 5321, 4.5.3.1.3, less the angle brackets.
LONGEST_ADDRESS = 254
INVALID = "This is no mail address that we could write to. Please check it, it should look like name@example.org."
DISPOSABLE = "This address is one that is thrown away after a while. Please take one that you keep."


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


def written(form: FormData, name: str) -> str:
    """The last value of a field; empty where there is none."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def written_address(form: FormData) -> str:
    """What stands in the field for an address, as far as it can be right."""
    return written(form, "address")[: LONGEST_ADDRESS + 1].strip()


@dataclass(frozen=True, slots=True)
class Checked:
    """An address in its usual form; or `problem`, an English message, and the address as it was written."""

    address: str = field(repr=False)
    problem: str = ""


def check_address(said: str) -> Checked:
    """Whether somebody wrote an address that mails can go to, as far as its letters tell. Nobody is asked: no DNS."""
    if len(said) > LONGEST_ADDRESS:
        return Checked("", INVALID)
    try:
        valid = validate_email(said, check_deliverability=False)
    except EmailNotValidError:
        return Checked(said, INVALID)
    if _is_disposable(valid.ascii_domain):
        return Checked(said, DISPOSABLE)
    return Checked(valid.normalized)


def _is_disposable(domain: str) -> bool:
    """Whether a domain (A-labels), or one that it belongs to, is known to give addresses to throw away."""
    labels = domain.lower().split(".")
    return any(".".join(labels[n:]) in blocklist for n in range(len(labels) - 1))
