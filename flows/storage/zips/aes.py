"""Decryption of WinZip's AES (AE-1, AE-2), one member at a time.

The key of a member is derived from its salt in a thousand rounds, which is nearly all of the cost:
cryptography brings an OpenSSL that takes half the time of the one that Python is built with.
The mode is a counter (CTR) in little-endian order, which libraries do not offer: the counters are
encrypted as blocks (ECB) and combined with the data by XOR.
"""

import hmac

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

VERIFIER = 2
AUTHENTICATION = 10
_ROUNDS = 1_000


def header_size(strength: int) -> int:
    """Bytes before the data: salt and password verifier."""
    return _salt_size(strength) + VERIFIER


def decrypt(piece: bytes, strength: int, password: bytes, *, whole: bool) -> bytes | None:
    """A member's bytes, or its first bytes, to plain bytes; None when the password is wrong.

    `strength` is 1, 2 or 3 for keys of 128, 192 and 256 bits. A whole member is authenticated
    too: one that was altered raises ValueError.
    """
    salt, size = _salt_size(strength), 8 * (strength + 1)
    stretched = derive(password, piece[:salt], strength)
    if stretched[2 * size :] != piece[salt : salt + VERIFIER]:
        return None
    data = piece[salt + VERIFIER :]
    if whole:
        data, stored_mac = data[:-AUTHENTICATION], data[-AUTHENTICATION:]
        mac = hmac.digest(stretched[size : 2 * size], data, "sha1")[:AUTHENTICATION]
        if not hmac.compare_digest(mac, stored_mac):
            raise ValueError("the authentication code does not match the data")
    return _xor_keystream(data, stretched[:size])


def derive(password: bytes, salt: bytes, strength: int) -> bytes:
    """The keys of a member for encryption and authentication, and its password verifier."""
    length = 16 * (strength + 1) + VERIFIER
    return PBKDF2HMAC(SHA1(), length, salt, _ROUNDS).derive(password)


def _xor_keystream(data: bytes, key: bytes) -> bytes:
    blocks = np.zeros((-(-len(data) // 16), 2), dtype="<u8")
    blocks[:, 0] = np.arange(1, len(blocks) + 1)
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    stream = np.frombuffer(encryptor.update(blocks.tobytes()), dtype=np.uint8)
    return (np.frombuffer(data, dtype=np.uint8) ^ stream[: len(data)]).tobytes()


def _salt_size(strength: int) -> int:
    return 4 * (strength + 1)
