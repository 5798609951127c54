"""The service's templates of a digest, put together to one for text and one for HTML, styles in the elements."""

import re
from collections.abc import Mapping
from importlib.resources import files

_IMPORT = re.compile(r"^\{% from .*?%\}\n", re.MULTILINE)
_NOTE = re.compile(r"\{#.*?#\}\n?", re.DOTALL)
_SLOT = re.compile(r"slot\((.*?)\)")
_OWN = re.compile(r"\{% call own\(\) %\}\n?|\{% endcall %\}\n?")
_RULE = re.compile(r"^\.([\w-]+) \{(.*?)\}", re.MULTILINE | re.DOTALL)
_CLASS = re.compile(r'class="([\w-]+)"')
_STORIES = """
{% if asking %}
ASKS
{% endif %}
{% for group in groups %}
{% set leads, theme = group.leads, group.theme %}
SECTION
{% for story in group.stories %}
STORY
{% endfor %}
{% endfor %}
{% for kind, listed, count in lists %}
{% if listed %}
LINES
{% endif %}
{% if count %}
FURTHER
{% endif %}
{% endfor %}
AROUND
"""


def sources() -> dict[str, str]:
    """The service's templates without slots, and those that are put together of them, styles in the elements."""
    folder = files("nkwatch") / "templates" / "mail"
    names = [f"{d}{f.name}" for d in ("", "digest/") for f in (folder / d if d else folder).iterdir() if f.is_file()]
    raw = {f"mail/{name}": folder.joinpath(*name.split("/")).read_text("utf-8") for name in names}
    found = {name: _plainly(text) for name, text in raw.items()}
    style = {m[1]: " ".join(m[2].split()) for m in _RULE.finditer(raw["mail/style.css"])}

    def styled(match: re.Match[str]) -> str:
        rule = style.get(match[1], "").rstrip(";").replace('"', "'")
        return f'{match[0]} style="{rule}"' if rule else match[0]

    pages = {name: _CLASS.sub(styled, text) for name, text in found.items() if name.endswith(".html")}
    found |= pages
    return found | {f"whole.{suffix}": _whole(found, suffix) for suffix in ("txt", "html")}


def _plainly(text: str) -> str:
    return _OWN.sub("", _SLOT.sub(r'slots.get(\1, "")', _NOTE.sub("", text)))


def _whole(found: Mapping[str, str], suffix: str) -> str:
    """One template for the whole mail: what the service renders piece by piece stands in loops."""
    imports: list[str] = []

    def piece(name: str) -> str:
        source = found[f"mail/{name}.{suffix}"]
        imports.extend(_IMPORT.findall(source))
        return _IMPORT.sub("", source)

    ask = "{% for story, ask in asking %}\n" + piece("digest/ask") + "{% endfor %}\n"
    line = "{% for story in listed %}\n" + piece("digest/line") + "{% endfor %}\n"
    content = (
        _STORIES.replace("ASKS", _instead(piece("digest/asks"), "asks", ask))
        .replace("SECTION", piece("digest/section"))
        .replace("STORY", piece("story"))
        .replace("LINES", _instead(piece("digest/lines"), "lines", line))
        .replace("FURTHER", piece("digest/further"))
        .replace("AROUND", piece("digest/around"))
    )
    body = piece("digest/body").replace("story.", "lead.")
    counts = "{% set count = stories %}\n" + piece("digest/counts")
    for name, source in (("counts", counts), ("content", content), ("why", piece("digest/why"))):
        body = _instead(body, name, source)
    extends = re.match(r"\{% extends .*?%\}\n", body)
    head = extends[0] if extends else ""
    return head + "".join(dict.fromkeys(imports)) + body[len(head) :]


def _instead(source: str, slot: str, other: str) -> str:
    """`source` with another one in place of a slot."""
    return re.sub(rf'\{{\{{ slots\.get\("{slot}", ""\) -?\}}\}}\n?', lambda _: other, source)
