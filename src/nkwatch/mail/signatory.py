"""A process that signs: ``python -m nkwatch.mail.signatory``, started by `signing.DkimSigner`.

On its standard input come the private keys, once, and then requests; signatures go back in the order of the requests.
It imports next to nothing, so that it takes little memory, and ends when its input does.
"""

import signal
import sys
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key

Private = RSAPrivateKey | Ed25519PrivateKey
#: Which key is to sign (its place among the keys), and what: a SHA-256.
Job = tuple[int, bytes]

NUMBER = Struct(">I")
JOB = Struct(">B32s")
_PADDING, _PREHASHED = PKCS1v15(), Prehashed(SHA256())


def signature(private: Private, digest: bytes) -> bytes:
    """Both algorithms sign the hash of what they cover; for Ed25519 it is the message (RFC 8463, 3)."""
    if isinstance(private, RSAPrivateKey):
        return private.sign(digest, _PADDING, _PREHASHED)
    return private.sign(digest)


def size(private: Private) -> int:
    """The octets of a signature."""
    return private.key_size // 8 if isinstance(private, RSAPrivateKey) else 64


def greeting(keys: Sequence[bytes]) -> bytes:
    """What the process is told first: the keys, each in DER."""
    return NUMBER.pack(len(keys)) + b"".join(NUMBER.pack(len(key)) + key for key in keys)


def request(jobs: Iterable[Job]) -> bytes:
    """What asks for the signatures of these jobs."""
    packed = b"".join(JOB.pack(*job) for job in jobs)
    return NUMBER.pack(len(packed) // JOB.size) + packed


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Sign until there is nothing more to come."""
    keys = [_key(_exactly(asked, _number(asked))) for _ in range(_number(asked))]
    while count := _number(asked):
        packed = _exactly(asked, count * JOB.size)
        answers.write(b"".join(signature(keys[i], digest) for i, digest in JOB.iter_unpack(packed)))
        answers.flush()


def _key(der: bytes) -> Private:
    private = load_der_private_key(der, password=None)
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise TypeError("a key of another kind")
    return private


def _number(asked: BinaryIO) -> int:
    """The next number; 0 where there is nothing more to come."""
    octets = asked.read(NUMBER.size)
    return int(NUMBER.unpack(octets)[0]) if len(octets) == NUMBER.size else 0


def _exactly(asked: BinaryIO, count: int) -> bytes:
    octets = asked.read(count)
    if len(octets) < count:
        raise SystemExit(0)
    return octets


if __name__ == "__main__":
    # who ends the service ends this one by closing its input: it may still be needed while the rest stops in order
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
