"""Letters to editors on their passkeys: the link that enrols, and what everybody is to hear of."""

import uuid
from dataclasses import dataclass

from nkwatch.domain.delivery import Handover
from nkwatch.domain.desk import Editor
from nkwatch.domain.passkey import LINK_LASTS
from nkwatch.mail.pen import Pen
from nkwatch.mail.views import plain
from nkwatch.mail.widths import shorten

#: The folder of the templates.
FOLDER = "enrol"
#: Room for the name that an editor gives to a key (columns).
LABEL = 60


@dataclass(frozen=True, slots=True)
class Enrolling:
    """Letters, each of a `kind` that the templates tell apart."""

    pen: Pen

    async def link(self, editor: Editor, link: str) -> Handover:
        """The link that was asked for."""
        return await self._write(editor, "link", link=link)

    async def known(self, editor: Editor, desk: str) -> Handover:
        """A link was asked for, and the editor has a passkey."""
        return await self._write(editor, "known", link=desk)

    async def invited(self, editor: Editor, desk: str) -> Handover:
        """Where to ask for a link."""
        return await self._write(editor, "invited", link=desk)

    async def added(self, editor: Editor, whose: str, label: str) -> Handover:
        """Somebody has a new passkey."""
        return await self._write(editor, "added", whose=plain(whose), label=shorten(plain(label), LABEL))

    async def _write(self, editor: Editor, kind: str, *, link: str = "", whose: str = "", label: str = "") -> Handover:
        values = {"kind": kind, "link": link, "whose": whose, "label": label, "minutes": LINK_LASTS.seconds // 60}
        return await self.pen.to_editor(editor, FOLDER, f"enrol.{uuid.uuid4().hex}", lambda _: values)
