"""The command lines of etcdctl, etcdutl and kubeadm, taken apart: words, and options with or without a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_FALSE = frozenset(("prefix", "keys-only", "print-value-only", "from-key", "hex", "force", "interactive", "i", "prev-kv", "count-only", "keys", "once", "range", "ignore-value", "ignore-lease", "skip-hash-check", "hide-details", "debug", "recursive", "sort", "mark-compacted", "insecure-skip-tls-verify", "insecure-transport", "lease-revoke", "cluster", "r", "p"))
_SHORT = {"w": "write-out", "i": "interactive"}


class Asked(NamedTuple):
    """A command line taken apart."""

    words: list[str]
    options: dict[str, str]

    def option(self, name: str, otherwise: str = "") -> str:
        return self.options.get(name, otherwise)


def split(argv: Sequence[str]) -> Asked:
    words: list[str] = []
    options: dict[str, str] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            words.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        name = _SHORT.get(name, name)
        if not equals and name not in _FALSE and rest:
            value, equals = rest.pop(0), "="
        options[name] = value if equals else "true"
    return Asked(words, options)
