"""Settings of what comes back to us, and of how all of it is watched."""

from typing import Literal

from pydantic import Field

from nkwatch.config.section import Address, ForBounces, ForReplies, Mailbox, MaybeMailbox, MaybeWebAddress, Section


class BouncesSettings(Section):
    """Where mails come to that say one of ours did not arrive, or that its reader complained."""

    address: ForBounces = Field(
        description="The envelope sender of all mails to readers. It must take sub-addresses "
        "(bounces+...@example.org), and has 23 letters before the @ at most."
    )
    mailbox: MaybeMailbox = Field(
        default="",
        description="Where these mails lie: a mailbox of nkwatch alone. Its password is `bounces_password` of the "
        "secrets file.",
    )
    webhooks: tuple[Literal["ses", "postmark", "mailgun", "sendgrid"], ...] = Field(
        default=(),
        description="Providers that may report bounces and complaints to the site; `nkwatch bounces webhooks` prints "
        "the addresses for them.",
    )


class RepliesSettings(Section):
    """The mailbox that replies go to: who asks to leave leaves, everything else is passed on to the contact."""

    address: ForReplies = Field(
        description="The address of replies, not that of `site.contact`. It must take sub-addresses "
        "(replies+...@example.org), and has 30 letters before the @ at most."
    )
    mailbox: Mailbox = Field(
        description="Where they lie: a mailbox of nkwatch alone. What is unread in it is handled and marked as read. "
        "Its password is `replies_password` of the secrets file."
    )


class WatchSettings(Section):
    """How you hear of mail that does not leave: not by the mail that may have failed. See docs/observing.md."""

    canary: Address | None = Field(
        default=None, description="An address of your own that gets a copy of each bulletin; best at a large provider."
    )
    mailbox: MaybeMailbox = Field(
        default="",
        description="The canary's mailbox: with it, it is looked whether bulletins arrive. Its password is "
        "`canary_password` of the secrets file.",
    )
    webhook: MaybeWebAddress = Field(
        default="", description="The address to which the bell is posted, as JSON. It may lie in your own network."
    )
    command: tuple[str, ...] = Field(
        default=(),
        description="A program and its arguments, run when the bell rings, with the same JSON on its standard input.",
    )
    heartbeat_url: MaybeWebAddress = Field(
        default="",
        description="The address that is asked each minute while all is well, so that somebody outside notices when "
        "it is not.",
    )
    alerts_within: int = Field(
        default=120, ge=10, le=3600, description="Seconds within which the relay must have accepted an alert."
    )
    stuck_after: int = Field(
        default=7200,
        ge=600,
        le=86400,
        description="Seconds after which the bell rings when no digest leaves though some should.",
    )
    arrival_within: int = Field(
        default=1800, ge=60, le=86400, description="Seconds within which a bulletin must have arrived at the canary."
    )
