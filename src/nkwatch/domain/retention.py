"""How long what is known of readers is kept. A privacy notice may quote these numbers."""

from datetime import timedelta

#: Who was asked to confirm and did not.
UNCONFIRMED = timedelta(hours=48)
#: Who left: address, choice and consent are kept that long, to answer complaints; then the keyed hash alone.
ENDED = timedelta(days=30)
#: A change of address that was not confirmed from both sides.
MOVES = timedelta(hours=48)
#: What was sent to whom, or why not.
DELIVERIES = timedelta(days=180)
#: How long a link to the settings works.
SETTINGS_LINK = timedelta(minutes=30)
#: Mails that answer a sign-up: one for each address in this time.
ONE_ANSWER = timedelta(hours=24)
#: What the operator was told.
NOTICES = timedelta(days=90)
