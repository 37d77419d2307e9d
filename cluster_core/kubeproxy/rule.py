"""One iptables rule as data, and as iptables-save and `iptables -L` write it. Models iptables 1.8 with its extensions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

MARK = "0x4000"
_PLAIN = re.compile(r"[A-Za-z0-9_-]+\Z")
_PORT_NAMES = {22: "ssh", 53: "domain", 80: "http", 443: "https", 3306: "mysql", 5432: "postgresql", 6379: "redis",
               8080: "http-alt", 9090: "9090"}  # fmt: skip

Match = tuple[Any, ...]
"""("comment", text), ("tcp", port or 0), ("udp", ...), ("sctp", ...), ("statistic", n), ("recent", "rcheck", list, seconds),
("recent", "set", list), ("addrtype", "dst" or "src"), ("mark", "[!] value"), ("conntrack", "[!] states")."""


class Rule(NamedTuple):
    """Addresses are CIDRs or plain addresses, with "!" in front when negated. `option` belongs to the target."""

    target: str
    matches: tuple[Match, ...] = ()
    source: str = ""
    destination: str = ""
    protocol: str = ""
    option: str = ""


def probability(number: int) -> float:
    """One in `number`, to the precision of the kernel's 31 bits."""
    return round(0x80000000 * float(f"{1 / number:.10f}")) / 0x80000000


# ------------------------------------------------------------------------------------------------ iptables-save


def _quoted(text: str) -> str:
    return text if _PLAIN.match(text) else '"' + text.replace('"', '\\"') + '"'


def _negated(text: str, flag: str) -> str:
    return f"! {flag} {text[1:].strip()}" if text.startswith("!") else f"{flag} {text}"


def _recent_saved(match: Match) -> str:
    mode = f"--rcheck --seconds {match[3]} --reap" if match[1] == "rcheck" else "--set"
    return f"-m recent {mode} --name {match[2]} --mask 255.255.255.255 --rsource"


def _port_saved(match: Match) -> str:
    return f"-m {match[0]} --dport {match[1]}" if match[1] else f"-m {match[0]}"


_SAVED: dict[str, Callable[[Match], str]] = {
    "comment": lambda match: f"-m comment --comment {_quoted(match[1])}",
    "tcp": _port_saved,
    "udp": _port_saved,
    "sctp": _port_saved,
    "statistic": lambda match: f"-m statistic --mode random --probability {probability(match[1]):.11f}",
    "recent": _recent_saved,
    "addrtype": lambda match: f"-m addrtype --{match[1]}-type LOCAL",
    "mark": lambda match: f"-m mark {_negated(match[1], '--mark')}",
    "conntrack": lambda match: f"-m conntrack {_negated(match[1], '--ctstate')}",
}


def _address_saved(text: str, flag: str) -> str:
    return _negated(text if "/" in text else f"{text}/32", flag)


_TARGET_SAVED = {"DNAT": "--to-destination ", "REJECT": "--reject-with ", "MARK": "--set-xmark ", "MASQUERADE": "--"}


def _option_saved(rule: Rule) -> str:
    if rule.target == "MARK":
        return f" --set-xmark {MARK}/{MARK}" if rule.option == "or" else f" --set-xmark {MARK}/0x0"
    return f" {_TARGET_SAVED[rule.target]}{rule.option}" if rule.option else ""


def saved(chain: str, rule: Rule) -> str:
    """ "-A CHAIN ..." as iptables-save has it."""
    words = [f"-A {chain}"]
    if rule.source:
        words.append(_address_saved(rule.source, "-s"))
    if rule.destination:
        words.append(_address_saved(rule.destination, "-d"))
    if rule.protocol:
        words.append(f"-p {rule.protocol}")
    words += [_SAVED[match[0]](match) for match in rule.matches]
    if rule.target:
        words.append(f"-j {rule.target}{_option_saved(rule)}")
    return " ".join(words)


# ------------------------------------------------------------------------------------------------ iptables -L


def _port_listed(match: Match, numeric: bool) -> str:
    if not match[1]:
        return match[0]  # type: ignore[no-any-return]
    name = str(match[1]) if numeric else _PORT_NAMES.get(match[1], str(match[1]))
    return f"{match[0]} dpt:{name}"


def _recent_listed(match: Match, numeric: bool) -> str:
    what = f"CHECK seconds: {match[3]} reap" if match[1] == "rcheck" else "SET"
    return f"recent: {what} name: {match[2]} side: source mask: 255.255.255.255"


_LISTED: dict[str, Callable[[Match, bool], str]] = {
    "comment": lambda match, numeric: f"/* {match[1]} */",
    "tcp": _port_listed,
    "udp": _port_listed,
    "sctp": _port_listed,
    "statistic": lambda match, numeric: f"statistic mode random probability {probability(match[1]):.11f}",
    "recent": _recent_listed,
    "addrtype": lambda match, numeric: f"ADDRTYPE match {match[1]}-type LOCAL",
    "mark": lambda match, numeric: f"mark match {match[1]}",
    "conntrack": lambda match, numeric: f"{'! ' if match[1][0] == '!' else ''}ctstate {match[1].lstrip('! ')}",
}
_OPTION_LISTED = {"DNAT": "to:{}", "REJECT": "reject-with {}", "MARK": "MARK {} " + MARK, "MASQUERADE": "{}"}


def _address_listed(text: str, numeric: bool) -> str:
    if not text:
        return "0.0.0.0/0" if numeric else "anywhere"
    return text.removesuffix("/32")


def listed(rule: Rule, numeric: bool, verbose: bool = False) -> str:
    """One row of `iptables -L`."""
    extra = [_LISTED[match[0]](match, numeric) for match in rule.matches]
    if rule.option:
        extra.append(_OPTION_LISTED[rule.target].format(rule.option))
    places = "*      *       " if verbose else ""
    source, destination = _address_listed(rule.source, numeric), _address_listed(rule.destination, numeric)
    head = f"{rule.target:<9}  {rule.protocol or 'all':<4} --  {places}{source:<19}  {destination:<19}"
    return f"{'    0     0 ' if verbose else ''}{head}  {' '.join(extra)}" if extra else f"{head} "
