"""Templates that were compiled before: in this process, or by an earlier one on this machine.

To compile all of them takes most of a second, at every start.
"""

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from jinja2.bccache import Bucket, BytecodeCache, FileSystemBytecodeCache

if TYPE_CHECKING:
    from types import CodeType


class Compiled(BytecodeCache):
    """Environments that differ only in their language share these, and so do processes of one user.

    Each `kind` of environment has its own: what is compiled for one runs in no other, least of all outside a sandbox.
    Jinja names each by its file and the checksum of its source, so an operator's own is never taken for ours. Its
    folder for them, in the one for temporary files, is ours alone or not used.
    """

    def __init__(self, kind: str, folder: Path | None = None) -> None:
        self._kind = kind
        self._folder = folder
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Called by Jinja before it compiles."""
        bucket.code = self._kept.get((bucket.key, bucket.checksum))
        if bucket.code is None and self._files:
            # whatever is wrong with a file, it costs time and no more
            with suppress(Exception):
                self._files.load_bytecode(bucket)
            self._keep(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Called by Jinja when it has compiled."""
        self._keep(bucket)
        if self._files:
            with suppress(OSError):
                self._files.dump_bytecode(bucket)

    def _keep(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._kept[bucket.key, bucket.checksum] = bucket.code

    @cached_property
    def _files(self) -> FileSystemBytecodeCache | None:
        folder = None if self._folder is None else str(self._folder)
        try:
            # Jinja says in what it writes which Python it is for, and not which Jinja
            return FileSystemBytecodeCache(folder, f"nkwatch-{self._kind}-{jinja2.__version__}-%s")
        except (OSError, RuntimeError):
            return None
