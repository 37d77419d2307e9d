"""How the tools of container runtimes print: tables of tabs, times ago, sizes. Models docker/go-units and text/tabwriter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cluster_core.machinery.clock import SECOND


def table(rows: Sequence[Sequence[str]], least: int, gap: int) -> str:
    """Columns at least so wide, with so much between them; the last one as it is."""
    if not rows:
        return ""
    widths = [max(least, max(len(row[index]) for row in rows) + gap) for index in range(len(rows[0]) - 1)]
    return "".join("".join(f"{cell:{width}}" for cell, width in zip(row, [*widths, 0], strict=True)) + "\n" for row in rows)


_SPANS = ((1, "second"), (60, "minute"), (3600, "hour"), (86_400, "day"), (604_800, "week"), (2_592_000, "month"), (31_536_000, "year"))
_UNTIL = (60, 3600, 48 * 3600, 14 * 86_400, 60 * 86_400, 730 * 86_400, 1 << 62)


def duration(microseconds: int) -> str:
    """"3 minutes", "About an hour"."""
    seconds = max(microseconds, 0) // SECOND
    if seconds < 1:
        return "Less than a second"
    if seconds >= 3600:
        seconds += 1800  # hours are rounded
    size, name = next(span for span, until in zip(_SPANS, _UNTIL, strict=True) if seconds < until)
    count = seconds // size
    if count == 1 and name in ("minute", "hour"):
        return "About a minute" if name == "minute" else "About an hour"
    return f"{count} {name}{'' if count == 1 else 's'}"


def size(count: float) -> str:
    """"31.5MB": three digits that count."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while count >= 1000 and len(units) > 1:
        count /= 1000
        units.pop(0)
    return f"{count:.3g}{units[0]}"


def binary_size(count: float) -> str:
    """"1.25MiB": four digits that count."""
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while count >= 1024 and len(units) > 1:
        count /= 1024
        units.pop(0)
    return f"{count:.4g}{units[0]}"


class Asked(NamedTuple):
    """A command line taken apart: words that are no flags, and flags by their names without dashes."""

    words: list[str]
    flags: Mapping[str, str]

    def has(self, *names: str) -> bool:
        return any(self.flags.get(name, "false") != "false" for name in names)

    def get(self, *names: str) -> str:
        return next((self.flags[name] for name in names if name in self.flags), "")


def asked(argv: Sequence[str], valued: frozenset[str], stop_after: int = 1 << 30) -> Asked:
    """`valued` flags take the next word. After `stop_after` words everything is one, as behind `exec ID`."""
    words: list[str] = []
    flags: dict[str, str] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-" or len(words) >= stop_after:
            words.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if word[1:2] != "-" and len(name) > 1 and name not in valued and name[-1] in valued:
            flags |= dict.fromkeys(name[:-1], "true")
            name = name[-1]
        if not equals and name in valued and rest:
            value, equals = rest.pop(0), "="
        flags[name] = value if equals else "true"
        if word[1:2] != "-" and not equals:
            flags |= dict.fromkeys(name, "true")
    return Asked(words, flags)
