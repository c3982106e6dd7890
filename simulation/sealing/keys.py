"""Keys that people give to seal and to verify: PEM files with an Ed25519 key or an ECDSA key of a NIST curve.

What is in a key's file is never shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from simulation.documents.text import read_bytes
from simulation.errors import UsageError

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey

_HASHES: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "secp256r1": hashes.SHA256, "secp384r1": hashes.SHA384, "secp521r1": hashes.SHA512,
}  # fmt: skip
"""Curve → the hash that is signed with it, as in-toto's and sigstore's tools do."""
_MOST_BYTES = 1 << 16
_MAKE = "make one: openssl genpkey -algorithm ed25519 -out seal.key"
_PUBLISH = "write its public half: openssl pkey -in seal.key -pubout -out seal.pub"
_KINDS = "an Ed25519 key, or an ECDSA key of the curve P-256, P-384 or P-521"


def load_private_key(file: Path) -> PrivateKey:
    """:raises UsageError: no key in the file, a public or encrypted one, or one of another kind."""
    data = read_bytes(file, kind="a private key in PEM", most_bytes=_MOST_BYTES)
    if b"PUBLIC KEY-----" in data:
        raise _refused(file, "is a public key", "name the private one, with which one signs")
    try:
        key = load_pem_private_key(data, password=None)
    except TypeError as error:
        raise _refused(
            file, "the key is encrypted", "decrypt it for as long as you seal: openssl pkey -in KEY -out seal.key"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refused(file, "is no private key in PEM", _MAKE) from error
    if not isinstance(key, PrivateKey) or not _is_known(key):
        raise _refused(file, f"a seal needs {_KINDS}", _MAKE)
    return key


def load_public_key(file: Path) -> PublicKey:
    """:raises UsageError: no key in the file, a private one, or one of another kind."""
    data = read_bytes(file, kind="a public key in PEM", most_bytes=_MOST_BYTES)
    if b"PRIVATE KEY-----" in data:
        raise _refused(file, "is a private key, which nobody needs who verifies", _PUBLISH)
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refused(file, "is no public key in PEM", _PUBLISH) from error
    if not isinstance(key, PublicKey) or not _is_known(key):
        raise _refused(file, f"a seal is verified with {_KINDS}", _MAKE)
    return key


def sign(key: PrivateKey, message: bytes) -> bytes:
    """The signature: 64 bytes with Ed25519, DER with ECDSA."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, ec.ECDSA(_HASHES[key.curve.name]()))


def is_signed(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether the signature over the message was made with the key's private half."""
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            key.verify(signature, message, ec.ECDSA(_HASHES[key.curve.name]()))
    except InvalidSignature:
        return False
    return True


def key_id(key: PublicKey) -> str:
    """sha256 of the public key in DER, which tells people which key was used. Nothing is decided by it."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _is_known(key: PrivateKey | PublicKey) -> bool:
    return isinstance(key, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey) or key.curve.name in _HASHES


def _refused(file: Path, problem: str, remedy: str) -> UsageError:
    return UsageError(place=str(file), problem=problem, remedy=remedy)
