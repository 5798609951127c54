"""Reaches the people who run this by another way than mail: a request to an address of theirs, a command of theirs."""

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from contextlib import suppress

from nkwatch.net.knocking import PATIENCE, Knock


class Bell:
    """`webhook` gets a POST of JSON, `command` (a program and its arguments) the same on its standard input.

    Either may be empty. It has rung when one of them worked; a command has worked when it ends with 0. Raises
    `ConfigError` for a webhook that is no address.
    """

    def __init__(
        self, webhook: str = "", command: Sequence[str] = (), user_agent: str = "nkwatch", patience: float = PATIENCE
    ) -> None:
        self._webhook = Knock("watch.webhook", "webhook", webhook, user_agent, patience) if webhook else None
        self._command = tuple(command)
        self._patience = patience

    async def __call__(self, event: str, text: str, number: int) -> str:
        """Ring once. Answers one sentence for each way that failed when none worked, else nothing."""
        told = json.dumps({"event": event, "number": number, "text": text}).encode()
        ways = []
        if self._webhook is not None:
            ways.append(self._webhook.post(told))
        if self._command:
            ways.append(self._run(told))
        failed = await asyncio.gather(*ways)
        return " ".join(failed) if all(failed) else ""

    async def _run(self, told: bytes) -> str:
        name = self._command[0]
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return f"The command {name!r} cannot be run ({getattr(error, 'strerror', None) or error})."
        try:
            async with asyncio.timeout(self._patience):
                await process.communicate(told)
        except TimeoutError:
            return f"The command {name!r} took longer than {self._patience:g} seconds and was ended."
        finally:
            # what it has started goes with it
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        return f"The command {name!r} ended with {process.returncode}." if process.returncode else ""
