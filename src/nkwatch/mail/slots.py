"""What stands in one reader's own places: the phrase, why each story is sent, and when a name was in the news last."""

from collections.abc import Iterator, Mapping, Sequence

from nkwatch.domain.subscriber import Choice
from nkwatch.domain.surroundings import Earlier
from nkwatch.editing.digests import Pick
from nkwatch.editing.matching import CASE, WORD
from nkwatch.mail.blocks import Blocks, OwnLine
from nkwatch.mail.fitting import REASONS
from nkwatch.mail.reasons import SLOT, only_any
from nkwatch.mail.views import plain
from nkwatch.mail.widths import shorten

#: A letter takes at most so many octets in a mail: three of UTF-8 in quoted-printable.
LETTER = 9
#: How many followed names of one story are told of.
NAMES = 2


def slots(
    blocks: Blocks, choice: Choice, picks: Sequence[Pick], earlier: Mapping[str, Earlier], language: str
) -> Iterator[tuple[str, str]]:
    """The lines by the names of their places.

    Where the only reason is "everything", that is said once instead of at each story. The lines of one mail take
    `REASONS` octets at most; where they would take more (a hundred words are followed), each is cut.
    """
    if phrase := plain(choice.phrase):
        yield "phrase", blocks.line("phrase.txt", language, {"phrase": phrase})
    if not picks:
        return
    if all(only_any(pick.reasons) for pick in picks):
        yield "everything", blocks.everything(language)
        return
    lines = [_line(blocks, pick, earlier, language) for pick in picks]
    width = 0 if sum(line.weight for line in lines) <= REASONS else REASONS // len(lines) // LETTER
    for pick, line in zip(picks, lines, strict=True):
        yield f"{SLOT}{pick.story.id}", shorten(line.text, width) if width else line.text


def _line(blocks: Blocks, pick: Pick, earlier: Mapping[str, Earlier], language: str) -> OwnLine:
    line = blocks.reasons(pick.reasons, language)
    if earlier:
        followed = [value for reason in pick.reasons if reason.kind in {CASE, WORD} for value in reason.values]
        known = [(name, earlier[name]) for name in followed if name in earlier]
        for name, last in [(n, e) for n, e in known if e.story_id != pick.story.id][:NAMES]:
            told = blocks.earlier(name, last, language)
            line = OwnLine(f"{line.text} · {told.text}", line.weight + told.weight)
    return line
