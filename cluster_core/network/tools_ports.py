"""netstat and ss inside a pod: who listens there. All containers of a pod share its ports."""

from __future__ import annotations

from collections.abc import Callable

from cluster_core.network.links import Listening
from cluster_core.network.tools import Ran, Typed

_ANY = "0.0.0.0"
_NETSTAT = (
    "Active Internet connections (only servers)\n"
    "Proto Recv-Q Send-Q Local Address           Foreign Address         State       "
)
_SS = "State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process"


def _wanted(typed: Typed) -> list[Listening]:
    """By the letters t and u; both when neither is given."""
    talk = typed.talk()
    if talk.pod is None:
        return []
    letters = {letter for word in typed.argv if word.startswith("-") and not word.startswith("--") for letter in word[1:]}
    letters |= {word[2] for word in typed.argv if word in ("--tcp", "--udp")}
    protocols = {{"t": "TCP", "u": "UDP"}[letter] for letter in letters & {"t", "u"}} or {"TCP", "UDP"}
    return [each for each in talk.links.containers.open_ports(talk.pod) if each.protocol in protocols]


def _shows_programs(typed: Typed) -> bool:
    return any("p" in word for word in typed.argv if word.startswith("-") and not word.startswith("--"))


def netstat(typed: Typed) -> Ran:
    programs = _shows_programs(typed)
    lines = [_NETSTAT + ("PID/Program name" if programs else "")]
    for each in _wanted(typed):
        state = "LISTEN" if each.protocol == "TCP" else ""
        who = f"1/{each.program}" if programs else ""
        lines.append(f"{each.protocol.lower():<5}      0      0 {f'{_ANY}:{each.port}':<23} {f'{_ANY}:*':<23} {state:<11} {who}".rstrip())
    return Ran("".join(f"{line}\n" for line in lines))


def ss(typed: Typed) -> Ran:
    lines = [_SS]
    for each in _wanted(typed):
        state, who = ("LISTEN" if each.protocol == "TCP" else "UNCONN"), f'users:(("{each.program}",pid=1,fd=6))'
        line = f"{state:<6} 0      511    {f'{_ANY}:{each.port}':>18}         {_ANY}:*    {who if _shows_programs(typed) else ''}"
        lines.append(line.rstrip())
    return Ran("".join(f"{line}\n" for line in lines))


TOOLS: dict[str, Callable[[Typed], Ran]] = {"netstat": netstat, "ss": ss}
