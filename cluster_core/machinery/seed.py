"""Chance that repeats: named random streams, so that a new draw somewhere shifts no other."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Stream:
    """A small counter-based generator: the n-th draw is a hash of (seed, purpose, name, n)."""

    __slots__ = ("_buffer", "_counter", "_key")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._counter = 0
        self._buffer: list[int] = []

    def _word(self) -> int:
        """64 random bits."""
        if not self._buffer:
            block = hashlib.blake2b(self._counter.to_bytes(8, "big"), key=self._key, digest_size=64).digest()
            self._counter += 1
            self._buffer = list(struct.unpack(">8Q", block))
        return self._buffer.pop()

    def random(self) -> float:
        """A float in [0, 1)."""
        return (self._word() >> 11) / (1 << 53)

    def below(self, limit: int) -> int:
        """An int in [0, limit). The bias of the modulo is under 2**-40 for limits that occur here."""
        return self._word() % limit

    def choice(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def exponential(self, mean: float) -> float:
        return -mean * math.log(1.0 - self.random())

    def bytes(self, count: int) -> bytes:
        words = (count + 7) // 8
        return b"".join(self._word().to_bytes(8, "big") for _ in range(words))[:count]


class Seed:
    """The cluster's source of chance. Equal seeds and names give equal streams."""

    __slots__ = ("_key", "value")

    def __init__(self, value: int) -> None:
        self.value = value
        self._key = hashlib.blake2b(str(value).encode(), digest_size=32).digest()

    def _derive(self, names: tuple[object, ...]) -> bytes:
        text = "\0".join(map(str, names)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=32).digest()

    def stream(self, *names: object) -> Stream:
        """The stream named (purpose, object uid, ...), from its beginning."""
        return Stream(self._derive(names))

    def digits(self, *names: object) -> str:
        """64 hexadecimal digits for this name."""
        return self._derive(names).hex()

    def uid(self, *names: object) -> str:
        """A version-4 shaped UUID for this name."""
        return uuid_of(self._derive(("uid", *names)).hex())

    def fraction(self, *names: object) -> float:
        """One number in [0, 1) for this name."""
        return (int.from_bytes(self._derive(names)[:8], "big") >> 11) / (1 << 53)


def uuid_of(digits: str) -> str:
    """The first 32 hexadecimal digits in the shape of a version-4 UUID."""
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
