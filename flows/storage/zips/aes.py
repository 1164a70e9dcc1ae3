"""WinZip's AES encryption (AE-1, AE-2), for one member.

The key of every member is stretched by a thousand rounds from its own salt, which is what reading
costs; the cipher itself is not felt. The counter is little-endian, which no library offers as a
mode at full speed, so its blocks are encrypted one by one (ECB) and laid over the data.
"""

import hashlib
import hmac

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

VERIFIER = 2
AUTHENTICATION = 10
_ROUNDS = 1_000


def before(strength: int) -> int:
    """Bytes that precede the data: salt and password verifier."""
    return _salt(strength) + VERIFIER


def opened(piece: bytes, strength: int, password: bytes, *, whole: bool) -> bytes | None:
    """A member's bytes, or its beginning, to plain bytes; None when the password is another.

    `strength` is 1, 2 or 3 for keys of 128, 192 and 256 bits. A whole member is authenticated
    too: one that was altered raises ValueError.
    """
    salt, size = _salt(strength), 8 * (strength + 1)
    stretched = hashlib.pbkdf2_hmac("sha1", password, piece[:salt], _ROUNDS, 2 * size + VERIFIER)
    if stretched[2 * size :] != piece[salt : salt + VERIFIER]:
        return None
    data = piece[salt + VERIFIER :]
    if whole:
        data, told = data[:-AUTHENTICATION], data[-AUTHENTICATION:]
        found = hmac.new(stretched[size : 2 * size], data, "sha1").digest()[:AUTHENTICATION]
        if not hmac.compare_digest(found, told):
            raise ValueError("the authentication code does not fit the data")
    return _laid_over(data, stretched[:size])


def _laid_over(data: bytes, key: bytes) -> bytes:
    blocks = np.zeros((-(-len(data) // 16), 2), dtype="<u8")
    blocks[:, 0] = np.arange(1, len(blocks) + 1)
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    stream = np.frombuffer(encryptor.update(blocks.tobytes()), dtype=np.uint8)
    return (np.frombuffer(data, dtype=np.uint8) ^ stream[: len(data)]).tobytes()


def _salt(strength: int) -> int:
    return 4 * (strength + 1)
