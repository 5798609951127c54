"""The translations of mails and pages: one gettext file a language under `locales/`, the messages in English."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po


@cache
def load_locales() -> Mapping[str, Mapping[str, str]]:
    """Translations by language code, each by its English text. English itself is not among them."""
    folder = files("nkwatch.catalogue") / "locales"
    found = sorted(p.name for p in folder.iterdir() if p.name.endswith(".po"))
    return {name.removesuffix(".po"): _texts((folder / name).read_text("utf-8")) for name in found}


def _texts(po: str) -> dict[str, str]:
    """The finished messages: a fuzzy or empty one counts as not translated, one with plural forms is not used."""
    return {
        message.id: message.string
        for message in read_po(po.splitlines())
        if isinstance(message.id, str) and isinstance(message.string, str)
        if message.id and message.string and not message.fuzzy
    }
