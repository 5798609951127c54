"""Web Authentication (Level 3) as it is used here: what browsers are asked, and whether what they answer is right.

The library does the cryptography; user verification is always required, attestation never asked for.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, options_to_json_dict, parse_authentication_credential_json
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from nkwatch.config.desk import DeskSettings
from nkwatch.domain.desk import Editor
from nkwatch.domain.passkey import TOUCH_LASTS, Passkey

#: How long a browser may ask its user (milliseconds).
TIMEOUT = TOUCH_LASTS.seconds * 1000


@dataclass(frozen=True, slots=True)
class Made:
    """A credential that a device made."""

    credential: bytes
    public_key: bytes = field(repr=False)
    sign_count: int
    synced: bool


@dataclass(frozen=True, slots=True)
class Ceremony:
    """For the desk at the address of the settings, called `name`."""

    settings: DeskSettings
    name: str

    def creation(self, editor: Editor, handle: bytes, challenge: bytes, known: Iterable[Passkey]) -> dict[str, Any]:
        """What a browser is asked to make: a key that is kept on the device, and not one that it has already."""
        options = generate_registration_options(
            rp_id=self.settings.host,
            rp_name=self.name,
            user_name=editor.name,
            user_id=handle,
            challenge=challenge,
            timeout=TIMEOUT,
            attestation=AttestationConveyancePreference.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_described(known),
        )
        return options_to_json_dict(options)

    def request(self, challenge: bytes, known: Iterable[Passkey] = ()) -> dict[str, Any]:
        """What a browser is asked to sign, by one of these keys; where none are named, by any that it has for us."""
        options = generate_authentication_options(
            rp_id=self.settings.host,
            challenge=challenge,
            timeout=TIMEOUT,
            allow_credentials=_described(known),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    def made(self, answer: str, challenge: bytes) -> Made | None:
        """The credential in a browser's answer; None where anything is wrong with it."""
        try:
            found = verify_registration_response(
                credential=_object(answer),
                expected_challenge=challenge,
                expected_rp_id=self.settings.host,
                expected_origin=self.settings.origin,
                require_user_verification=True,
            )
        except Exception:  # noqa: BLE001  it comes from outside, and the library has no one kind of error for it
            return None
        synced = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
        return Made(found.credential_id, found.credential_public_key, found.sign_count, synced)

    def credential(self, answer: str) -> bytes | None:
        """The id of the credential by which a browser says that it signed."""
        try:
            return parse_authentication_credential_json(_object(answer)).raw_id
        except Exception:  # noqa: BLE001
            return None

    def signed(self, answer: str, challenge: bytes, passkey: Passkey) -> int | None:
        """The key's count of signatures where this one is right; None where anything is wrong with it."""
        try:
            given = parse_authentication_credential_json(_object(answer))
            found = verify_authentication_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=self.settings.host,
                expected_origin=self.settings.origin,
                credential_public_key=passkey.public_key,
                # what a count says is our own rule, see `Passkey.counts`
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except Exception:  # noqa: BLE001
            return None
        own = found.credential_id == passkey.credential
        return found.new_sign_count if own and given.response.user_handle in {None, passkey.handle} else None


def _described(passkeys: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=p.credential) for p in passkeys]


def _object(answer: str) -> dict[str, Any]:
    """The answer as an object. Raises for what is none, or was given inside another site's frame."""
    given = json.loads(answer)
    if not isinstance(given, dict):
        raise TypeError("no object")
    if json.loads(base64url_to_bytes(given["response"]["clientDataJSON"])).get("crossOrigin"):
        raise ValueError("asked for inside another site")
    return given
