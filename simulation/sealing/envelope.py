"""DSSE, the envelope of a signed document: what is signed is its type and its bytes, so that neither can be swapped."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulation.sealing.keys import PrivateKey, PublicKey, is_signed, key_id, sign

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class BadEnvelope(ValueError):
    """An envelope that cannot be read, or that nobody signed with the key; the message says which."""


class _Signature(BaseModel):
    model_config = ConfigDict(frozen=True)

    sig: str
    keyid: str = ""


class _Envelope(BaseModel):
    """Fields of another name are ignored, as the protocol wants it."""

    model_config = ConfigDict(frozen=True)

    payload: str
    payload_type: str = Field(alias="payloadType")
    signatures: Annotated[tuple[_Signature, ...], Field(min_length=1, max_length=100)]


def authenticated(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: the protocol's "pre-authentication encoding"."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def signed(payload: bytes, key: PrivateKey) -> str:
    """An envelope with a payload of :data:`PAYLOAD_TYPE`, as JSON."""
    signature = sign(key, authenticated(PAYLOAD_TYPE, payload))
    document = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": key_id(key.public_key()), "sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(document, indent=2) + "\n"


def opened(text: str | bytes, key: PublicKey) -> bytes:
    """The payload of an envelope in which one of the signatures is of the key.

    :raises BadEnvelope: it is no envelope of :data:`PAYLOAD_TYPE`, or none of its signatures is.
    """
    try:
        envelope = _Envelope.model_validate_json(text)
        payload = _decoded(envelope.payload)
        signatures = [_decoded(signature.sig) for signature in envelope.signatures]
        message = authenticated(envelope.payload_type, payload)
    except ValidationError as error:
        raise BadEnvelope(f"is no DSSE envelope: {error.errors()[0]['msg']}") from error
    except ValueError as error:
        raise BadEnvelope(f"is no DSSE envelope: {error}") from error
    if not any(is_signed(key, message, signature) for signature in signatures):
        raise BadEnvelope("was not signed with this key, or was changed since")
    if envelope.payload_type != PAYLOAD_TYPE:
        raise BadEnvelope(f"holds {envelope.payload_type[:80]!r}, not an in-toto statement")
    return payload


def _decoded(text: str) -> bytes:
    """Base64 in either alphabet."""
    try:
        return base64.b64decode(text.translate({ord("-"): "+", ord("_"): "/"}), validate=True)
    except binascii.Error as error:
        raise ValueError(f"no base64: {error}") from error
