"""Makes compositions of the templates in a folder: a subject, a body as text, and one as HTML."""

from collections.abc import Callable, Mapping
from typing import Any

from nkwatch.domain.bulletin import BulletinKind, Composition
from nkwatch.domain.subscriber import Edition, Format
from nkwatch.mail.blocks import Blocks
from nkwatch.mail.parts import Part, Pieces, resolved

Places = Callable[[Format], Mapping[str, Pieces]]
"""What stands at the slots of a body, by format."""


class Press:
    """Prints bulletins and letters. The language of an `edition` is one that has translations."""

    def __init__(self, blocks: Blocks, neutral: str) -> None:
        """`neutral` is what the service is called in neutral editions."""
        self._blocks = blocks
        self._neutral = {"name": neutral, "neutral": True}

    def compose(
        self,
        kind: BulletinKind,
        edition: Edition,
        values: Mapping[str, Any],
        places: Places = lambda _: {},
        *,
        stories: tuple[str, ...] = (),
        folder: str = "",
    ) -> Composition:
        """What the templates in `folder` (else that of the kind's name) make of these values."""
        subject, part = self.sheet(folder or kind.value, edition, values)
        text = resolved(part.text, places(Format.TEXT))
        html = resolved(part.html, places(Format.HTML)) if edition.format is Format.HTML else ()
        return Composition(kind, edition.language, subject, text, html, edition.neutral, stories)

    def sheet(self, folder: str, edition: Edition, values: Mapping[str, Any]) -> tuple[str, Part]:
        """The subject, and the body in both forms, where the edition has both."""
        values = self.named(edition, values)
        subject = self._blocks.line(f"{folder}/subject.txt", edition.language, values)
        body = {**values, "subject": subject}
        text = self._blocks.pieces(f"{folder}/body.txt", edition.language, body)
        if edition.format is Format.TEXT:
            return subject, Part.of(text, ())
        return subject, Part.of(text, self._blocks.pieces(f"{folder}/body.html", edition.language, body))

    def named(self, edition: Edition, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """`values` with the service's name as this edition may tell it."""
        return {**values, **(self._neutral if edition.neutral else {})}
