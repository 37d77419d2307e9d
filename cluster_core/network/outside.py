"""The world outside the cluster: names that resolve to steady addresses, and web servers that say hello.

Nothing here reaches a real network. Only names under well-known top-level domains exist.
"""

from __future__ import annotations

import hashlib

from cluster_core.machinery.dns import NXDOMAIN, Question, Record, Reply
from cluster_core.network.trace import Call, Response

RESOLVER = "172.18.0.1"
"""The name server that nodes use."""
PORTS = frozenset((53, 80, 443))
_DOMAINS = frozenset(["com", "org", "net", "io", "dev", "de", "uk", "eu", "fr", "edu", "gov", "app", "cloud", "info", "ch", "at"])
_RESOLVERS = ("172.18.0.1", "8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9")


def is_resolver(ip: str) -> bool:
    return ip in _RESOLVERS


def lookup(question: Question) -> Reply:
    """What the world's name servers say."""
    labels = question.name.split(".")
    if len(labels) < 2 or labels[-1] not in _DOMAINS or not all(labels):
        return Reply(NXDOMAIN, authoritative=False)
    if question.type != "A":
        return Reply(authoritative=False)
    return Reply(answers=(Record(question.name, "A", 300, address_of(question.name)),), authoritative=False)


def address_of(name: str) -> str:
    """A steady address in 198.18.0.0/15, which belongs to nobody."""
    digest = hashlib.blake2b(name.encode(), digest_size=3).digest()
    return f"198.{18 + (digest[0] & 1)}.{digest[1]}.{digest[2] % 254 + 1}"


def answer(call: Call) -> Response | None:
    """None: nobody listens."""
    if call.port not in PORTS:
        return None
    page = f"<!doctype html>\n<html><head><title>{call.host}</title></head><body><h1>{call.host}</h1></body></html>\n"
    return Response(200, page, "text/html")
