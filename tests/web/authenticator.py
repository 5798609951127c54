"""A passkey in software (Web Authentication Level 3, 6), and a browser at the desk that uses it, without a script."""

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from nkwatch.assembly import Newsroom
from nkwatch.config import EditorSettings
from nkwatch.domain.delivery import Message, Sent
from nkwatch.web.desk import create_desk
from tests.web.html import Page
from tests.web.samples import settings

DESK = "http://localhost:8026"
PRESENT, VERIFIED, SYNCABLE, ATTESTED = 0x01, 0x04, 0x08, 0x40
#: What a browser says of a form on a page of ours, and of an address that somebody typed.
OWN = {"Origin": DESK, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
TYPED = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}


def at_the_desk(folder, **fields: Any):
    """Settings with a desk and two editors."""
    config = settings(folder)
    editors = (
        EditorSettings(name="Ann", address="ann@inbox.example"),
        EditorSettings(name="Ben Lee", address="ben@inbox.example", language="ko"),
    )
    desk = config.desk.model_copy(update={"enabled": True})
    return config.model_copy(update={"editor": editors, "desk": desk} | fields)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Device:
    """Makes one credential and signs with it. What it says of itself can be bent, as an attacker would."""

    origin: str = DESK
    rp_id: str = "localhost"
    flags: int = PRESENT | VERIFIED
    count: int = 0
    counting: bool = True
    cross_origin: bool = False
    credential: bytes = b"credential of a device"
    handle: bytes = b""
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any]) -> str:
        """The answer to navigator.credentials.create()."""
        self.handle = decoded(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        attested = b"\0" * 16 + struct.pack(">H", len(self.credential)) + self.credential + cose
        data = self._data(ATTESTED) + attested
        client = self._client("webauthn.create", options["challenge"])
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({"clientDataJSON": encoded(client), "attestationObject": encoded(made)})

    def get(self, options: dict[str, Any]) -> str:
        """The answer to navigator.credentials.get()."""
        self.count += self.counting
        data, client = self._data(), self._client("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": encoded(client),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
            "userHandle": encoded(self.handle),
        }
        return self._answer(response)

    def _data(self, flags: int = 0) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", self.flags | flags, self.count)

    def _client(self, kind: str, challenge: str) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.cross_origin}
        return json.dumps(told).encode()

    def _answer(self, response: dict[str, str]) -> str:
        name = encoded(self.credential)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


class Post:
    """A relay that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def hand_over(self, message: Message) -> Sent:
        self.messages.append(message)
        return Sent("250 taken")


def browser(newsroom: Newsroom, app=None) -> httpx.AsyncClient:
    """A browser of its own at the desk."""
    transport = httpx.ASGITransport(app or create_desk(newsroom))
    return httpx.AsyncClient(transport=transport, base_url=DESK, headers=TYPED)


async def shown(client: httpx.AsyncClient, path: str) -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("location"))
    return Page.of(answer.text)


def fields_of(form) -> dict[str, str]:
    """What a form sends as it stands."""
    fields = {}
    for one in form.cssselect("input[name], textarea[name]"):
        if one.get("type") not in {"checkbox", "radio"} or one.get("checked") is not None:
            fields[one.get("name")] = one.get("value") or (one.text or "").lstrip("\n")
    return fields


async def press(client: httpx.AsyncClient, page: Page, action: str, **said: str) -> httpx.Response:
    """Send the form with this action as a browser does."""
    return await client.post(action, data=fields_of(form_to(page, action)) | said, headers=OWN)


def form_to(page: Page, action: str):
    """The form that goes there by itself, or by a button of its own."""
    owners = {b.get("form") for b in page.all(f"[formaction='{action}']")}
    found = [f for f in page.all("form") if f.get("id") in owners - {None} or f.get("action") == action]
    assert len(found) == 1, (action, [f.get("action") for f in page.all("form")])
    return found[0]


def asked(page: Page, action: str) -> dict[str, str]:
    """Act and thing as the script takes them from a form, or from the button."""
    (one, *_) = [*page.all(f"[formaction='{action}']"), form_to(page, action)]
    return {"act": one.get("data-act"), "thing": one.get("data-thing") or ""}


async def challenged(client: httpx.AsyncClient, page: Page, action: str, **said: str) -> dict[str, Any]:
    """What the script gets for the form."""
    fields = fields_of(form_to(page, action)) | said | asked(page, action)
    answer = await client.post("/desk/challenge", data=fields, headers=OWN)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def touch(client: httpx.AsyncClient, page: Page, action: str, device: Device, **said: str) -> httpx.Response:
    """Send a form for which the device is touched."""
    told = await challenged(client, page, action, **said)
    create = form_to(page, action).get("data-touch") == "create"
    credential = (device.create if create else device.get)(told["publicKey"])
    return await press(client, page, action, **said, nonce=told["nonce"], credential=credential)


async def enrolled(newsroom: Newsroom, client: httpx.AsyncClient, name: str = "Ann", device=None) -> Device:
    """A device with a passkey of this editor's."""
    device = device or Device(credential=f"key of {name}".encode())
    enrol = newsroom.editors.enrol
    link = (await enrol.link(enrol.editor(name))).removeprefix(DESK)
    opened = await press(client, await shown(client, link), link)
    kept = await touch(client, Page.of(opened.text), "/desk/passkey", device, label="phone")
    assert kept.status_code == 303, kept.text
    return device


async def signed_in(newsroom: Newsroom, client: httpx.AsyncClient, name: str = "Ann") -> Device:
    """A device by which this editor is signed in."""
    device = await enrolled(newsroom, client, name)
    entered = await touch(client, await shown(client, "/desk/sign-in"), "/desk/sign-in", device)
    assert entered.headers.get("location") == "/desk/", entered.text
    return device
