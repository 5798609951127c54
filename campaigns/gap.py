"""A database that was put back, and the time since its backup: what was sent then, and who left."""

import asyncio
import json
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from campaigns.comparing import events
from campaigns.judging import Kept, kept
from campaigns.readers import Reader
from campaigns.scene import FAULT, Scene
from nkwatch.domain.subscriber import Standing, Suppression
from nkwatch.store import schema

#: So many leave by themselves, and so many are erased.
LEAVING = 3
_R = schema.subscriber.c


class Gap:
    """One node before, in and after it; `by_command` is `db backup` and `db restore`, else the file is copied."""

    def __init__(self, node: Scene, copy: Path, *, by_command: bool) -> None:
        self._node, self._copy, self._by_command = node, copy, by_command
        self._until = datetime.now(UTC)
        self._left: list[Reader] = []
        self._told = Kept()
        self._mailed = 0

    async def back_up(self) -> None:
        """A backup while the daemon works; a plain copy is good only while nobody writes."""
        node = self._node
        if self._by_command:
            await asyncio.to_thread(self._do, "keys", "backup", "--done")
            made = await asyncio.to_thread(self._do, "db", "backup", str(self._copy), "--json")
            self._copy = Path(made.get("file", self._copy))
            return
        node.stop()
        shutil.copy(node.file, self._copy)
        node.start()

    async def pass_by(self) -> None:
        """Mail goes on, and some leave whose windows are still to close. Then the daemon is stopped."""
        node, before = self._node, self._node.mailed()
        waiting = [r for r in node.everybody if r.standing is Standing.CONFIRMED and not r.alerts]
        self._left = waiting[-2 * LEAVING :]
        async with node.place.open() as newsroom:
            for number, one in enumerate(self._left):
                if number % 2:
                    await newsroom.subscribers.erase(one.id, Suppression.ERASED, datetime.now(UTC))
                else:
                    await newsroom.subscribers.end(one.id, "left", datetime.now(UTC))
        node.news()
        await node.until(lambda: node.mailed() > before + LEAVING, "mail leaves after the backup")
        node.stop()
        self._told, self._mailed = kept(node.engine), node.mailed()
        # what closed later was not sent yet: named as sent, it would be held back for good
        ends = (m.window[1] for some in self._told.mails.values() for m in some if m.window and m.state == "sent")
        self._until = max(ends) + timedelta(milliseconds=500)

    def put_back(self) -> None:
        """The database of the backup in the place of the one that went on."""
        node = self._node
        node.engine.dispose()
        if self._by_command:
            self._do("db", "restore", str(self._copy))
        else:
            for log in node.file.parent.glob(f"{node.file.name}-*"):
                log.unlink()
            shutil.copy(self._copy, node.file)

    async def locked(self) -> None:
        """Nothing is sent, it is told once, and who left in the gap has left again."""
        node, daemon = self._node, self._node.start()
        await node.must_say("sending is locked")
        await asyncio.sleep(FAULT)
        notices = daemon.events("sending is locked")
        if len(notices) != 1:
            node.wrong.append(f"that sending is locked was told {len(notices)} times")
        if node.mailed() != self._mailed:
            node.wrong.append(f"{node.mailed() - self._mailed} mails left although sending was locked")
        with node.engine.connect() as connection:
            rows = {r.id: r.standing for r in connection.execute(select(_R.id, _R.standing))}
        for number, one in enumerate(self._left):
            there, should = rows.get(one.id), None if number % 2 else Standing.ENDED
            if there != should:
                node.wrong.append(f"{one.id} left in the gap, and is {there} in the database that was put back")

    async def resume(self) -> None:
        """What would be held back is shown and changes nothing; then sending goes on."""
        node, resume = self._node, ("deliver", "--resume-after", f"{self._until:%Y-%m-%dT%H:%M:%S.%fZ}", "--json")
        shown = await asyncio.to_thread(self._do, *resume, "--dry-run")
        if node.mailed() != self._mailed:
            node.wrong.append("a dry run unlocked sending")
        done = await asyncio.to_thread(self._do, *resume)
        node.said.append(f"held back: { ({k: v for k, v in done.items() if isinstance(v, int)}) }")
        alike = {k: shown.get(k) for k in ("not_sent", "windows", "stories")}
        if alike != {k: done.get(k) for k in alike}:
            node.wrong.append(f"the dry run showed {alike}, and then it was {done}")
        await node.until(lambda: node.mailed() > self._mailed, "mail leaves after the lock")

    def judge(self) -> None:
        """Nothing of the gap twice, nothing lost, nobody mailed who left."""
        node, after = self._node, kept(self._node.engine)
        taken = [e for e in events(node.server.log) if e.verdict.startswith("taken")]
        gone = {one.id for one in self._left}
        to_them = {e.recipient for e in taken} & {one.address for one in self._left}
        if to_them:
            node.wrong.append(f"mailed although they left before their windows closed: {', '.join(sorted(to_them))}")
        if again := [i for i, count in Counter(e.message_id for e in taken).items() if count > 1]:
            node.wrong.append(f"{len(again)} messages were sent twice, {again[0]} among them")
        for reader in node.everybody:
            if reader.standing is not Standing.CONFIRMED:
                if reader.address in {e.recipient for e in taken}:
                    node.wrong.append(f"{reader.id} was mailed, and never confirmed or had left")
            elif reader.id not in gone:
                node.wrong += self._of(reader, after)

    def _of(self, reader: Reader, after: Kept) -> list[str]:
        """What is wrong with the mails of one who stayed, by the database that is gone and the one put back."""
        before = {m.message_id: m.stories for m in self._told.mails.get(reader.id, ()) if m.state == "sent"}
        since = {m.message_id: m.stories for m in after.mails.get(reader.id, ()) if m.state == "sent"}
        told = Counter(s for stories in (before | since).values() for s in stories)
        wrong = [f"{reader.id} has story {s} {n} times" for s, n in told.items() if n > 1 + reader.alerts]
        due = after.due(reader).keys()
        if missing := due - told.keys():
            wrong.append(f"{reader.id} was not told {len(missing)} of {len(due)} stories, {min(missing)} among them")
        return wrong

    def _do(self, *command: str) -> dict[str, Any]:
        """Run a command; its JSON object where it answers with one."""
        code, told, said = self._node.place.run(*command)
        if code:
            self._node.wrong.append(f"nkwatch {' '.join(command)} ended with {code}: {(told + said)[-300:]}")
        if "--json" not in command or code:
            return {}
        found: dict[str, Any] = json.loads(told)
        return found
