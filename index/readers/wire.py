"""How the sandbox and the program talk: a JSON header and bytes, each with its length before it.

No pickles: what comes out of the sandbox is data, whatever a document made of the parser.
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any

MAX_HEADER_BYTES = 32_000_000
MAX_PAYLOAD_BYTES = 200_000_000
_LENGTHS = struct.Struct(">II")


class WireError(Exception):
    """What arrived isn't a message: the other side broke off or talks nonsense."""


def send(stream: IO[bytes], header: dict[str, Any], payload: bytes = b"") -> None:
    """Writes one message."""
    encoded = json.dumps(header).encode()
    stream.write(_LENGTHS.pack(len(encoded), len(payload)))
    stream.write(encoded)
    stream.write(payload)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Reads one message; None at the end. Raises WireError."""
    lengths = stream.read(_LENGTHS.size)
    if not lengths:
        return None
    if len(lengths) < _LENGTHS.size:
        raise WireError
    header_bytes, payload_bytes = _LENGTHS.unpack(lengths)
    if header_bytes > MAX_HEADER_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
        raise WireError
    encoded, payload = stream.read(header_bytes), stream.read(payload_bytes)
    if len(encoded) < header_bytes or len(payload) < payload_bytes:
        raise WireError
    try:
        header = json.loads(encoded)
    except (ValueError, RecursionError) as error:
        raise WireError from error
    if not isinstance(header, dict):
        raise WireError
    return header, payload
