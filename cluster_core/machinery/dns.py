"""The words in which name servers and those who ask them talk. Shared by `coredns` and `network`."""

from __future__ import annotations

from typing import NamedTuple

NOERROR, NXDOMAIN, SERVFAIL, REFUSED = "NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"


class Question(NamedTuple):
    """A name without its last dot, in small letters, and a record type."""

    name: str
    type: str = "A"


class Record(NamedTuple):
    """One resource record; data as dig prints it."""

    name: str
    type: str
    ttl: int
    data: str


class Reply(NamedTuple):
    """A name server's reply."""

    code: str = NOERROR
    answers: tuple[Record, ...] = ()
    extra: tuple[Record, ...] = ()
    authoritative: bool = True
    authority: tuple[Record, ...] = ()

    def addresses(self) -> list[str]:
        return [record.data for record in self.answers if record.type in ("A", "AAAA")]
