"""Whether a mail address can be written to, as far as its letters tell. Nobody is asked: no DNS."""

from dataclasses import dataclass

from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email

#: RFC 5321, 4.5.3.1.3, less the angle brackets.
LONGEST_ADDRESS = 254
INVALID = "This is no mail address that we could write to. Please check it, it should look like name@example.org."
DISPOSABLE = "This address is one that is thrown away after a while. Please take one that you keep."
SENTENCES = (INVALID, DISPOSABLE)


@dataclass(frozen=True, slots=True)
class Checked:
    """An address in its usual form; or `problem`, an English message, and the address as it was written."""

    address: str
    problem: str = ""


def check_address(said: str) -> Checked:
    """The address that somebody wrote. Nothing in it raises."""
    if len(said) > LONGEST_ADDRESS:
        return Checked("", INVALID)
    try:
        valid = validate_email(said, check_deliverability=False)
    except EmailNotValidError:
        return Checked(said, INVALID)
    if is_disposable(valid.ascii_domain):
        return Checked(said, DISPOSABLE)
    return Checked(valid.normalized)


def is_disposable(domain: str) -> bool:
    """Whether a domain (A-labels), or one that it belongs to, is known to give addresses to throw away."""
    labels = domain.lower().split(".")
    return any(".".join(labels[n:]) in blocklist for n in range(len(labels) - 1))
