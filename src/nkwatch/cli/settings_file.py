"""Edits nkwatch.toml for its operator: only the tables concerned are written anew, all else stays as it was typed.

tomlkit 0.15 keeps comments, but moves tables apart when those of a list stand apart; so it is handed one table at a
time. What an edit means is compared with what it was to mean before anything is written.
"""

import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from difflib import unified_diff
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from nkwatch.config import load_config
from nkwatch.domain.problems import ConfigError

HEADER = re.compile(r"\s*\[{1,2}\s*([\w-]+)\s*[\].]")
FIRST_OF_A_LIST = re.compile(r"\s*\[\[\s*source\s*\]\]")
#: Comments behind a table that belong to what follows: an empty line stands between.
TAIL = re.compile(r"(?:^[ \t]*\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n?)*)\Z", re.MULTILINE)

#: A list of more ids than this is written with one on each line.
LONG_LIST = 4

Table = MutableMapping[str, Any]


def with_sources(text: str, tables: Sequence[Mapping[str, Any]]) -> str:
    """The settings with these `[[source]]` tables at their end."""
    if not tables:
        return text
    written = "\n".join(source_text(t) for t in tables)
    ended = text if text.endswith("\n") or not text else text + "\n"
    wanted = _data(text)
    wanted["source"] = [*wanted.get("source", ()), *(dict(t) for t in tables)]
    return _proven(f"{ended}\n{written}", wanted, text)


def source_text(table: Mapping[str, Any]) -> str:
    """One `[[source]]` table as it stands in the file."""
    return tomlkit.dumps({"source": [table]}).lstrip("\n")


def without_source(text: str, source_id: str) -> str:
    """The settings without the `[[source]]` of this id; comments on what follows it stay."""
    wanted = _data(text)
    wanted["source"] = [s for s in wanted.get("source", ()) if s.get("id") != source_id]
    if not wanted["source"]:
        del wanted["source"]
    return _proven("".join(_edited(_parts(text), source_id, lambda _: None)), wanted, text)


def with_source_switched(text: str, source_id: str, *, on: bool) -> str:
    """The settings with `enabled` in the `[[source]]` of this id as it is to be."""

    def switch(table: Table) -> Table:
        table["enabled"] = on
        return table

    wanted = _data(text)
    for source in wanted.get("source", ()):
        if source.get("id") == source_id and source.get("enabled", True) != on:
            switch(source)
            return _proven("".join(_edited(_parts(text), source_id, switch)), wanted, text)
    return text


def with_catalogue(text: str, enable: Sequence[str], disable: Sequence[str]) -> str:
    """The settings with these ids in the lists of `[catalogue]`, new ones at the end."""
    return _with_lists(text, "catalogue", {"enable": list(enable), "disable": list(disable)})


def with_trusted(text: str, trusted: Sequence[str]) -> str:
    """The settings with these ids in the list of sources whose alerts go out by themselves, new ones at the end."""
    return _with_lists(text, "alerts", {"trusted": list(trusted)})


def _with_lists(text: str, name: str, lists: Mapping[str, list[str]]) -> str:
    """The settings with these lists in the table of this name."""
    before = _data(text).get(name, {})
    changed = {key: ids for key, ids in lists.items() if list(before.get(key, ())) != ids}
    if not changed:
        return text
    wanted = _data(text)
    wanted.setdefault(name, {}).update(changed)
    parts = _parts(text)
    place = next((i for i, part in enumerate(parts) if name in _data(part)), None)
    if place is None:
        parts.append(("" if not text or text.endswith("\n") else "\n") + f"\n[{name}]\n")
        place = len(parts) - 1
    parts[place] = _through_tomlkit(parts[place], lambda document: _set_lists(document[name], changed))
    return _proven("".join(parts), wanted, text)


def differences(before: str, after: str, path: Path) -> str:
    """What would change in the file, as a unified diff."""
    lines = unified_diff(before.splitlines(), after.splitlines(), str(path), f"{path} (new)", n=1, lineterm="")
    return "\n".join(lines)


def read_settings(path: Path) -> str:
    """The text of the settings, line ends as they are. Raises `ConfigError`."""
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigError(f"{path}: cannot be read: {wrong}") from wrong


def write_settings(path: Path, before: str, after: str) -> None:
    """Replace the settings in one step, with the old ones kept beside them as ``.bak``.

    Mode and owner stay. Nothing is written when the new settings have a problem, or when somebody else has changed
    the file since it held `before`; then it raises `ConfigError`.
    """

    def check(new: Path) -> None:
        try:
            load_config(new)
        except ConfigError as wrong:
            problems = (p.replace(str(new), str(path)) for p in wrong.problems)
            raise ConfigError(*problems, f"{path}: so nothing was written") from wrong

    replaced(path, before, after, check, kept=True)


def replaced(path: Path, before: str, after: str, check: Callable[[Path], object], *, kept: bool) -> None:
    """Put a file with the text `after` in the place of one that held `before`, in one step.

    `check` looks at the new file first. With `kept` the old one stays beside it as ``.bak``. Raises `ConfigError`, also
    where somebody else has changed the file, and then nothing has changed.
    """
    place = path.resolve()  # a link stays a link
    try:
        new = _beside(place, after)
        try:
            check(new)
            if read_settings(place) != before:
                raise ConfigError(f"{path}: somebody else has just changed it; nothing was written, try again")
            if kept:
                _beside(place, before).replace(place.with_name(f"{place.name}.bak"))
            new.replace(place)
        finally:
            new.unlink(missing_ok=True)
    except OSError as wrong:
        raise ConfigError(f"{path}: cannot be written: {wrong.strerror}; nothing was changed") from wrong


def _beside(place: Path, text: str) -> Path:
    """A new file in the same folder, with the mode and owner of `place`, safely on the disk; to be moved there."""
    was = place.stat()
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, was.st_mode & 0o7777)
        with suppress(PermissionError):  # only root may give a file away
            os.fchown(handle, was.st_uid, was.st_gid)
        file.write(text.encode())
        file.flush()
        os.fsync(handle)
    return Path(name)


def _parts(text: str) -> list[str]:
    """The text cut before each header, a `[[source]]` together with the tables below it. Joined they are the text.

    A line that begins with a bracket is a header when what stands before it is whole without it.
    """
    parts = [""]
    for line in text.splitlines(keepends=True):
        header = HEADER.match(line)
        if header and not (header[1] == "source" and _is_source(parts[-1]) and not FIRST_OF_A_LIST.match(line)):
            with suppress(tomllib.TOMLDecodeError):
                tomllib.loads(parts[-1])
                parts.append("")
        parts[-1] += line
    return parts


def _is_source(part: str) -> bool:
    return bool(FIRST_OF_A_LIST.match(part))


def _edited(parts: Iterable[str], source_id: str, change: Callable[[Table], Table | None]) -> Iterable[str]:
    """The parts with the sources of this id changed, or left out where `change` answers None."""
    for part in parts:
        table = _data(part).get("source", [{}])[0] if _is_source(part) else {}
        if table.get("id") != source_id:
            yield part
            continue
        tail = TAIL.search(part)
        body, rest = (part[: tail.start()], tail[0]) if tail else (part, "")
        if change(table) is None:
            yield rest
        else:
            yield _through_tomlkit(body, lambda document: change(document["source"][0])) + rest


def _set_lists(table: Table, lists: Mapping[str, Sequence[str]]) -> None:
    for name, ids in lists.items():
        kept = table.setdefault(name, tomlkit.array())
        for gone in [i for i in kept if i not in ids]:
            kept.remove(gone)
        for fresh in [i for i in ids if i not in kept]:
            kept.append(fresh)
        if len(kept) > LONG_LIST:
            kept.multiline(multiline=True)


def _through_tomlkit(text: str, change: Callable[[Table], object]) -> str:
    document = tomlkit.parse(text)
    change(document)
    return tomlkit.dumps(document)


def _data(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def _proven(after: str, wanted: Mapping[str, Any], before: str) -> str:
    """The new text with the line ends of the old one, if it means what it was to mean. Raises `ConfigError`."""
    with suppress(tomllib.TOMLDecodeError, TOMLKitError):
        if tomllib.loads(after) == wanted:
            return re.sub(r"\r?\n", "\r\n", after) if "\r\n" in before else after
    raise ConfigError("the settings are written in a way that cannot be edited here; change them by hand")
