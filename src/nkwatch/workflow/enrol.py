"""How editors come to their passkeys.

Mail enrols an editor who has none yet, by a link that works in the browser that asked for it. Who has a passkey adds
another by it: whoever reads an editor's mailbox later gains nothing. The operator can invite anybody, and take keys
away. Every editor hears of every new key.
"""

from collections.abc import Callable
from dataclasses import dataclass

from nkwatch.domain.delivery import Sent
from nkwatch.domain.desk import Editor
from nkwatch.domain.passkey import LINK_LASTS, PERMIT_LASTS, Passkey, same_name
from nkwatch.workflow.ports import Clock, Notice
from nkwatch.workflow.ports.editors import EditorsPost, Passkeys, Tickets

LINK, PERMIT = "link", "permit"


@dataclass(frozen=True, slots=True)
class Enrol:
    """`desk` is the desk's base address; `secret` makes what nobody can guess (hexadecimal)."""

    editors: tuple[Editor, ...]
    tickets: Tickets
    passkeys: Passkeys
    post: EditorsPost
    clock: Clock
    notice: Notice
    desk: str
    secret: Callable[[], str]

    def editor(self, name: str) -> Editor | None:
        """The editor of this name, as the settings have it now."""
        return next((e for e in self.editors if same_name(e.name) == same_name(name)), None)

    async def ask(self, said: str, browser: str) -> None:
        """Mail a link to the editor of this name or address, to be used in this browser. Others get nothing."""
        wanted = same_name(said)
        editor = next((e for e in self.editors if wanted in {same_name(e.name), same_name(e.address)}), None)
        if editor is None:
            return
        if await self.passkeys.of(editor.name):
            sent = await self.post.known(editor, f"{self.desk}/desk/")
        else:
            sent = await self.post.link(editor, await self._link(editor, browser))
        if not isinstance(sent, Sent):
            self.notice("link to a passkey not sent", editor=editor.name, why=sent.reply)

    async def link(self, editor: Editor) -> str:
        """A link for the operator to hand over: it works in the first browser that uses it."""
        return await self._link(editor, None)

    async def invite(self, editor: Editor) -> str:
        """Mail an editor where to ask for a link; why it was not sent, or nothing."""
        sent = await self.post.invited(editor, f"{self.desk}/desk/enrol")
        return "" if isinstance(sent, Sent) else sent.reply

    async def is_link(self, link: str, browser: str) -> bool:
        """Whether a link works in this browser."""
        return await self.tickets.works(LINK, link, self.clock(), holder=browser) is not None

    async def follow(self, link: str, browser: str) -> str | None:
        """Spend a link; answers a permit by which this browser makes a passkey. None where the link does not work."""
        name = await self.tickets.spend(LINK, link, self.clock(), holder=browser)
        editor = self.editor(name or "")
        return await self.permit(editor, browser) if editor else None

    async def permit(self, editor: Editor, browser: str) -> str:
        """A permit by which this browser makes a passkey for the editor."""
        secret, now = self.secret(), self.clock()
        await self.tickets.issue(PERMIT, secret, now, now + PERMIT_LASTS, holder=browser, editor=editor.name)
        return secret

    async def permitted(self, permit: str, browser: str) -> Editor | None:
        """For whom this browser may make a passkey."""
        return self.editor(await self.tickets.works(PERMIT, permit, self.clock(), holder=browser) or "")

    async def keep(self, passkey: Passkey, permit: str, browser: str) -> bool:
        """Keep what was made by a permit; false where it may not be. Everybody is to be told then, by `tell`."""
        name = await self.tickets.spend(PERMIT, permit, self.clock(), holder=browser)
        editor = self.editor(name or "")
        if editor is None or not await self.passkeys.add(passkey):
            return False
        self.notice("passkey added", editor=editor.name, label=passkey.label)
        return True

    async def tell(self, whose: str, label: str) -> None:
        """Mail all editors that one of them has a new passkey."""
        for editor in self.editors:
            sent = await self.post.added(editor, whose, label)
            if not isinstance(sent, Sent):
                self.notice("editor not told of a new passkey", editor=editor.name, why=sent.reply)

    async def _link(self, editor: Editor, browser: str | None) -> str:
        secret, now = self.secret(), self.clock()
        await self.tickets.issue(LINK, secret, now, now + LINK_LASTS, holder=browser, editor=editor.name)
        return f"{self.desk}/desk/enrol/{secret}"
