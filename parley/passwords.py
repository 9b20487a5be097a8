"""Passwords as they are kept: pure functions, any thread may call them.

What is kept names its method, its parameters and its salt, so that they can change later while old
accounts stay valid: `$scrypt$ln=15,r=8,p=1$SALT$HASH`, salt and hash in base64. With these
parameters a hash takes 32 MiB and about 80 ms, on purpose: it must not happen where others wait.
Sources: RFC 7914 (scrypt); the OWASP Password Storage Cheat Sheet (2^15, 8; it asks for p=3, which
is three times as slow); the PHC string format.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

#: Octets of a password: of a token, so that every keyboard writes it alike (section 19).
SHORTEST = 8

#: log2 of scrypt's N, unless the operator says otherwise.
USUAL_COST = 15
_R, _P = 8, 1
_SALT, _HASH = 16, 32  # octets
_KEPT = re.compile(r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([^$]+)\$([^$]+)")


def hashed(password: str, cost: int = USUAL_COST) -> str:
    """What is kept of a password; the work grows with 2 to the power of `cost`."""
    salt = secrets.token_bytes(_SALT)
    return _kept(salt, _scrypt(password, salt, cost, _R, _P, _HASH), cost)


def matches(password: str, kept: str) -> bool:
    """Whether this is the password. Takes equally long whether it is or not."""
    found = _KEPT.fullmatch(kept)
    if not found:
        return False
    log_n, r, p = map(int, found.groups()[:3])
    salt, known = (base64.b64decode(word) for word in found.groups()[3:])
    return hmac.compare_digest(_scrypt(password, salt, log_n, r, p, len(known)), known)


def nobodys(cost: int = USUAL_COST) -> str:
    """Something to check against that costs as much as a real one, and that nothing matches."""
    return _kept(secrets.token_bytes(_SALT), secrets.token_bytes(_HASH), cost)


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int, length: int) -> bytes:
    memory = 2 * 128 * r * (1 << log_n)  # OpenSSL's default bound is too low for 2^15
    return hashlib.scrypt(
        password.encode(), salt=salt, n=1 << log_n, r=r, p=p, maxmem=memory, dklen=length
    )


def _kept(salt: bytes, digest: bytes, cost: int) -> str:
    words = (base64.b64encode(octets).decode() for octets in (salt, digest))
    return "$".join(["", "scrypt", f"ln={cost},r={_R},p={_P}", *words])
