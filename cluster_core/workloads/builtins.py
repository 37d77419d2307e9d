"""Commands the sandboxed shell gets from us: those that have to do with time, the network or the machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bashkit import BuiltinContext, BuiltinResult

from cluster_core.machinery.identity import name_of
from cluster_core.workloads import agnhosttools, bigfiles, kernelfiles, listing, netcat, processlist, spinning, tailing
from cluster_core.workloads.catalogue import programs

if TYPE_CHECKING:
    from cluster_core.workloads.shell import Run

Command = Callable[[BuiltinContext], BuiltinResult | str]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def resolv_conf(namespace: str) -> str:
    return (
        f"search {namespace}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
    )


def seconds(text: str) -> float | None:
    """A sleep's argument: 5, 0.5, 2m, infinity; None when it is none."""
    if text in ("infinity", "inf"):
        return 1e12
    match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)([smhd]?)", text)
    return float(match[1]) * _UNITS[match[2]] if match else None


def commands(run: Run) -> dict[str, Command]:
    """The commands of one run."""
    found: dict[str, Command] = {
        "sleep": lambda context: _sleep(run, context),
        "date": lambda context: _date(run, context),
        "tail": lambda context: tailing.tail(run, context),
        "ls": lambda context: listing.ls(run, context),
        "ps": lambda context: processlist.ps(run, context),
        "hostname": lambda context: _hostname(run, context),
        "perl": lambda context: _perl(run, context),
        "id": lambda context: _id(run, context),
        "whoami": lambda context: name_of(run.job.identity.uid) + "\n",
        "sysctl": lambda context: _sysctl(run, context),
        "nnp": lambda context: f"Effective uid: {_effective_uid(run)}\n",
        "top": lambda context: "",
        "mount": lambda context: _mount(run, context),
    }
    for name in agnhosttools.NAMES:
        found[name] = lambda context: agnhosttools.agnhost(run, context)
    found.update(bigfiles.commands(run))
    found.update(spinning.commands(run))
    for name in ("nslookup", "dig", "host", "wget", "curl", "nc", "ping", "telnet"):
        found[name] = unreachable
    for name in ("apk", "apt-get", "apt", "yum", "dnf", "pip", "pip3", "npm"):
        found[name] = lambda context: ""
    for name in _CLIENTS:
        found[name] = lambda context: _CLIENTS[context.name]
    for name, program in programs().items():
        if program.kind not in ("shell",) and name not in found:
            found[name] = lambda context: _serve(run, context)
    return found


_CLIENTS = {
    "redis-cli": "PONG\n",
    "pg_isready": "/var/run/postgresql:5432 - accepting connections\n",
    "mysqladmin": "mysqld is alive\n",
    "mariadb-admin": "mysqld is alive\n",
    "mongo": "{ ok: 1 }\n",
    "mongosh": "{ ok: 1 }\n",
    "rabbitmq-diagnostics": "Ping succeeded\n",
    "rabbitmqctl": "",
    "nodetool": "",
}


def _numbered(number: int) -> str:
    name = name_of(number)
    return f"{number}({name})" if name != str(number) else name


def _id(run: Run, context: BuiltinContext) -> str:
    who = run.job.identity
    wanted = "".join(word.lstrip("-") for word in context.argv)
    show = name_of if "n" in wanted else str
    for letter, numbers in (("u", [who.uid]), ("g", [who.gid]), ("G", who.all_groups)):
        if letter in wanted:
            return " ".join(show(number) for number in numbers) + "\n"
    groups = ",".join(_numbered(number) for number in who.all_groups)
    return f"uid={_numbered(who.uid)} gid={_numbered(who.gid)} groups={groups}\n"


def _effective_uid(run: Run) -> int:
    """Of a program with the setuid bit: root's, unless gaining privileges is forbidden."""
    context = (run.job.launch.container.get("securityContext") or {}) if run.job.launch is not None else {}
    return run.job.identity.uid if context.get("allowPrivilegeEscalation") is False else 0


def _mount(run: Run, context: BuiltinContext) -> BuiltinResult | str:
    words = list(context.argv)
    if words and words[0] == "-t" and len(words) == 2:
        return kernelfiles.mount_lines(run.job.launch, words[1])
    return BuiltinResult("", "mount: permission denied (are you root?)\n", 1) if words else kernelfiles.mount_lines(run.job.launch)


_SYSCTLS = {"kernel.shm_rmid_forced": "0", "net.ipv4.ip_local_port_range": "32768\t60999", "net.ipv4.tcp_syncookies": "1",
            "net.ipv4.ping_group_range": "1\t0", "net.ipv4.ip_unprivileged_port_start": "1024", "net.core.somaxconn": "4096",
            "kernel.msgmax": "8192", "kernel.shmmax": "18446744073692774399", "net.ipv4.ip_forward": "1"}  # fmt: skip


def _sysctl(run: Run, context: BuiltinContext) -> BuiltinResult:
    """Kernel parameters, those of the pod's security context on top."""
    spec = run.job.launch.pod["spec"] if run.job.launch is not None else {}
    own = {each["name"].replace("/", "."): each["value"] for each in (spec.get("securityContext") or {}).get("sysctls") or ()}
    known, out, err = {**_SYSCTLS, **own}, "", ""
    for word in context.argv:
        name = word.replace("/", ".")
        if name in known:
            out += f"{known[name]}\n" if "-n" in context.argv else f"{name} = {known[name]}\n"
        elif not word.startswith("-"):
            err += f"sysctl: error: '{word}' is an unknown key\n"
    return BuiltinResult(out, err, 1 if err else 0)


def _sleep(run: Run, context: BuiltinContext) -> BuiltinResult:
    if not context.argv:
        return BuiltinResult("", "sleep: missing operand\n", 1)
    total = 0.0
    for text in context.argv:
        found = seconds(text)
        if found is None:
            return BuiltinResult("", f"sleep: invalid time interval '{text}'\n", 1)
        total += found
    run.sleep(total, context.fs)
    return BuiltinResult("", "", 0)


def _date(run: Run, context: BuiltinContext) -> BuiltinResult | str:
    moment = _EPOCH + timedelta(microseconds=run.now())
    argv = [each for each in context.argv if each not in ("-u", "--utc")]
    layout = next((each[1:] for each in argv if each.startswith("+")), "")
    if any(each in ("-Iseconds", "-Is", "--iso-8601=seconds") for each in argv):
        layout = "%Y-%m-%dT%H:%M:%S+00:00"
    elif any(each in ("-I", "--iso-8601") for each in argv):
        layout = "%Y-%m-%d"
    elif "-R" in argv:
        layout = "%a, %d %b %Y %H:%M:%S +0000"
    layout = layout or "%a %b %e %H:%M:%S UTC %Y"
    layout = layout.replace("%s", str(run.now() // 1_000_000)).replace("%N", f"{run.now() % 1_000_000 * 1000:09d}")
    return moment.strftime(layout) + "\n"


def _hostname(run: Run, context: BuiltinContext) -> str:
    if context.argv[:1] in (["-i"], ["-I"]):
        return run.job.address + "\n"
    full = _name_in_full(run, context)
    wanted = {"-f": full, "--fqdn": full, "-d": full.partition(".")[2]}
    return wanted.get(context.argv[0] if context.argv else "", run.job.hostname) + "\n"


def _name_in_full(run: Run, context: BuiltinContext) -> str:
    """As /etc/hosts has it."""
    text = context.fs.read_file("/etc/hosts").decode("utf-8", "replace") if context.fs.exists("/etc/hosts") else ""
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return next((words[1] for words in lines if run.job.hostname in words[1:]), run.job.hostname)


def _perl(run: Run, context: BuiltinContext) -> BuiltinResult | str:
    """bpi(N) of perl's bignum prints pi, as the Job everybody begins with does; other programs say nothing."""
    match = re.search(r"bpi\((\d+)\)", " ".join(context.argv))
    if match is None:
        return ""
    digits = min(int(match[1]), 10_000)
    run.sleep(digits / 400, context.fs)
    return pi(digits) + "\n"


def pi(digits: int) -> str:
    """Pi with so many digits, by Machin's formula."""
    unity: int = 10 ** (digits + 10)

    def arctan(inverse: int) -> int:
        total = term = unity // inverse
        square, number, sign = inverse * inverse, 3, -1
        while term:
            term //= square
            total += sign * (term // number)
            number, sign = number + 2, -sign
        return total

    value = str(4 * (4 * arctan(5) - arctan(239)) // 10**10)
    return f"{value[0]}.{value[1:digits]}"


def _serve(run: Run, context: BuiltinContext) -> str:
    """A server in the foreground: the script waits for it for ever."""
    if any(word in ("-v", "-V", "-t", "--version", "--help", "-s") for word in context.argv) or context.argv[-1:] == ["-h"]:
        return f"{context.name}\n"
    run.serve([context.name, *context.argv])
    return ""


def with_servers(run: Run, found: Mapping[str, Command]) -> dict[str, Command]:
    """The commands, netcat also as a server."""
    return {**found, **{name: _netcat(run, found[name]) for name in netcat.NAMES if name in found}}


def _netcat(run: Run, client: Command) -> Command:
    def command(context: BuiltinContext) -> BuiltinResult | str:
        argv = ["nc", *context.argv]
        if netcat.server(argv) is None:
            return client(context)
        run.serve(argv, context.stdin or "")
        return ""

    return command


def unreachable(context: BuiltinContext) -> BuiltinResult:
    """No network is wired up: names do not resolve."""
    target = next((word for word in reversed(context.argv) if not word.startswith("-")), "")
    name = re.sub(r"^\w+://|[:/].*$", "", target)
    messages = {
        "wget": f"wget: bad address '{name}'\n",
        "curl": f"curl: (6) Could not resolve host: {name}\n",
        "nc": f"nc: bad address '{name}'\n",
        "ping": f"ping: bad address '{name}'\n",
    }
    if context.name in messages:
        return BuiltinResult("", messages[context.name], 6 if context.name == "curl" else 1)
    text = f"Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n** server can't find {name}: NXDOMAIN\n\n"
    return BuiltinResult(text, "", 1)
