"""nc -l, netcat as a server: what people put into loops to have something that answers. It listens for good here, where the
real one, without -k, ends with its first connection and is started again by the loop around it."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.workloads.catalogue import Program

NAMES = ("nc", "ncat", "netcat")
_VALUED = "pwsqie"


def server(argv: Sequence[str]) -> Program | None:
    """The program that this command line runs when it is netcat's and listens, else None."""
    if not argv or argv[0].rpartition("/")[2] not in NAMES:
        return None
    letters, port = "", ""
    words = list(argv[1:])
    while words:
        word = words.pop(0)
        if word.startswith("-") and len(word) > 1:
            letters += word[1:]
            value = words.pop(0) if word[-1] in _VALUED and words else ""
            port = value if word[-1] == "p" else port
        elif word.isdigit():
            port = port or word
    if "l" not in letters or not port.isdigit():
        return None
    number = int(port)
    return Program("nc", ports=(number,), stop=None, udp=(number,) if "u" in letters else ())
