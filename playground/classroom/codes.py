"""Codes that people read aloud and type: no letters that look alike, case and dashes do not matter."""

from __future__ import annotations

import hashlib
import secrets

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_GROUP = 4
JOIN_LENGTH, RETURN_LENGTH = 8, 16
"""40 bits, and few guesses; 79 bits."""


def new(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def shown(code: str) -> str:
    """In groups: ABCD-EFGH."""
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def typed(text: str) -> str:
    """What was meant."""
    return "".join(letter for letter in text.upper() if letter in LETTERS)


def digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
