"""The processes of a machine, and what shows them and what they use: ps, pgrep, top, free, uptime, df, ss. Models procps' forms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cluster_core.kubelet import surroundings
from cluster_core.kubelet.inside import Inside
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.quantity import milli
from cluster_core.machinery.typed import Obj
from cluster_core.machines.machine import Machine
from cluster_core.simulation import machinecri, partunits, proxyunits, tables
from cluster_core.simulation.chronicle import DARK, STARTED, chronicle_of
from cluster_core.simulation.control import control_of
from cluster_core.simulation.journal import history
from cluster_core.simulation.kubeadm.manifests import COMPONENTS
from cluster_core.simulation.logs.klog import moment
from cluster_core.simulation.machinetools import Call, Ran, tool
from cluster_core.simulation.nodes import fleet_of
from cluster_core.simulation.options import command_of, options_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_MI = 1024 * 1024
_SYSTEM = ((1, 12, "/sbin/init"), (312, 28, "/usr/lib/systemd/systemd-journald"), (341, 9, "/usr/lib/systemd/systemd-udevd"), (502, 6, "/usr/sbin/cron -f -P"),
           (517, 8, "/usr/lib/systemd/systemd-logind"), (561, 9, "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"))  # fmt: skip
_OF_UNITS = {"kubelet": (15, 92), "containerd": (9, 64), "crio": (9, 58), "docker": (8, 96), "cri-docker": (2, 44), "kube-proxy": (2, 48), "etcd": (24, 74),
             "kube-apiserver": (48, 310), "kube-controller-manager": (15, 112), "kube-scheduler": (4, 58)}  # fmt: skip
"""Unit -> (thousandths of a cpu, MiB) it typically takes."""


class Process(NamedTuple):
    """`cpu` in thousandths, `memory` in bytes."""

    user: str
    pid: int
    parent: int
    cpu: int
    memory: int
    started: int
    argv: Sequence[str]

    @property
    def command(self) -> str:
        return " ".join(self.argv)

    @property
    def name(self) -> str:
        return self.argv[0].rpartition("/")[2][:15] if self.argv else ""


def processes(cluster: Cluster, machine: Machine) -> list[Process]:
    """What runs there, by number, with the command lines it was started with."""
    booted = next((each.at for each in reversed(chronicle_of(cluster).of(machine.name, "machine")) if each.what == STARTED), machine.born)
    found = [Process("root", pid, 0 if pid == 1 else 1, 1, size * _MI, booted, (command,)) for pid, size, command in _SYSTEM]
    for unit in partunits.names(cluster, machine):
        if partunits.is_active(cluster, machine, unit):
            found.append(_of_unit(cluster, machine, unit))
    for pod in machinecri.pods(cluster, machine):
        found += _of_pod(cluster, machine, pod)
    return sorted(found, key=lambda each: each.pid)


def _of_unit(cluster: Cluster, machine: Machine, unit: str) -> Process:
    started = next((each for each in reversed(history(cluster, machine, unit)) if each.what in (STARTED, DARK)), None)
    cpu, size = _OF_UNITS.get(unit, (1, 20))
    last = history(cluster, machine, unit)[-1]
    return Process("root", last.pid, 1, cpu, size * _MI, started.at if started else last.at, partunits.command(cluster, machine, unit))


def _of_pod(cluster: Cluster, machine: Machine, pod: Obj) -> Iterator[Process]:
    """Its containers, and under the first of them the shim and the pause process."""
    found = [each for each in machinecri.containers_of(cluster, machine, pod) if not each.finished]
    if not found:
        return
    shim = min(each.pid for each in found) - 40
    identity, begun = machinecri.sandbox_id(pod), min(each.created for each in found)
    command = ("/usr/bin/containerd-shim-runc-v2", "-namespace", "k8s.io", "-id", identity, "-address", "/run/containerd/containerd.sock")
    yield Process("root", shim, 1, 0, 14 * _MI, begun, command)
    yield Process("65535", shim + 20, shim, 0, 700 * 1024, begun, ("/pause",))
    inside = Inside(fleet_of(cluster), False)
    used = {name: (cpu, memory) for name, cpu, memory in inside.usage(pod)}
    launched = {name: launch for name, launch, _ in inside.running(pod)}
    for each in found:
        cpu, memory = used.get(each.name, (1, 20 * _MI))
        environment = launched[each.name].environment if each.name in launched else {}
        argv = [surroundings.expand(word, environment) for word in _command(cluster, pod, each)]
        yield Process("root", each.pid, shim, cpu, memory, each.created, argv)


def _command(cluster: Cluster, pod: Obj, each: machinecri.Container) -> Sequence[str]:
    if each.name in COMPONENTS and pod["metadata"]["namespace"] == "kube-system" and control_of(cluster).is_running(each.name):
        return command_of(cluster, each.name)
    spec = pod["spec"]
    container = next(found for found in (*spec["containers"], *spec.get("initContainers", ()), *spec.get("ephemeralContainers", ())) if found["name"] == each.name)
    program = container["image"].rpartition("/")[2].partition("@")[0].partition(":")[0]
    return [*(container.get("command") or [program]), *(container.get("args") or ())]


# ---------------------------------------------------------------------------------------------------- ps


@tool("ps")
def _ps(call: Call) -> Ran:
    found = processes(call.cluster, call.machine)
    words = "".join(word for word in call.argv if not word.isdigit() and "=" not in word).replace("-", "")
    wanted = [int(word) for word in call.argv if word.isdigit()]
    chosen = [each for each in found if each.pid in wanted] if wanted else found
    now = call.cluster.clock.now
    if "u" in words:
        rows = [_row(call, each, now) for each in chosen]
        return Ran("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n" + "".join(rows))
    if "f" in words:
        rows = [f"{each.user:<8} {each.pid:7} {each.parent:7}  0 {_start(each, now)} ?        {_time(each, now, 8)} {each.command}\n" for each in chosen]
        return Ran("UID          PID    PPID  C STIME TTY          TIME CMD\n" + "".join(rows))
    if "e" in words or "A" in words or "x" in words or wanted:
        return Ran("    PID TTY          TIME CMD\n" + "".join(f"{each.pid:7} ?        {_time(each, now, 8)} {each.name}\n" for each in chosen))
    return Ran("    PID TTY          TIME CMD\n   1024 pts/0    00:00:00 bash\n   1077 pts/0    00:00:00 ps\n")


def _row(call: Call, each: Process, now: int) -> str:
    share = 100 * each.memory * 1000 / max(milli(call.machine.memory), 1)
    size = each.memory // 1024
    return f"{each.user:<8} {each.pid:7} {each.cpu / 10:4.1f} {share:4.1f} {size * 17 + 700_000:6} {size:5} ?        Ssl  {_start(each, now)} {_time(each, now, 6)} {each.command}\n"


def _start(each: Process, now: int) -> str:
    """The hour, or the day when that is over."""
    begun = moment(each.started)
    return f"{begun:%H:%M}" if now - each.started < 86_400 * SECOND else f"{begun:%b%d}"


def _time(each: Process, now: int, width: int) -> str:
    """The time a cpu has worked for it."""
    seconds = (now - each.started) // SECOND * each.cpu // 1000 + 1
    if width == 8:
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{seconds // 60:3}:{seconds % 60:02}"


@tool("pgrep", "pidof")
def _pgrep(call: Call) -> Ran:
    words = [word for word in call.argv if not word.startswith("-")]
    whole, listed = any("f" in word for word in call.argv if word.startswith("-")), any(word in ("-a", "-af", "-fa", "-l") for word in call.argv)
    found = [each for each in processes(call.cluster, call.machine) if words and words[0] in (each.command if whole else each.name)]
    if call.name == "pidof":
        return Ran(" ".join(str(each.pid) for each in reversed(found)) + "\n" if found else "", "", 0 if found else 1)
    return Ran("".join(f"{each.pid} {each.command}\n" if listed else f"{each.pid}\n" for each in found), "", 0 if found else 1)


# ---------------------------------------------------------------------------------------------------- what is used


class _Used(NamedTuple):
    total: int
    used: int
    cpu: int
    cpus: int


def _used(call: Call) -> _Used:
    found = processes(call.cluster, call.machine)
    total = milli(call.machine.memory) // 1000
    load = milli(call.machine.load["memory"]) // 1000 if "memory" in call.machine.load else 0
    used = min(total, 180 * _MI + load + sum(each.memory for each in found))
    return _Used(total, used, sum(each.cpu for each in found), max(1, milli(call.machine.cpu) // 1000))


@tool("top")
def _top(call: Call) -> Ran:
    """One look, as with -bn1."""
    found, have, now = processes(call.cluster, call.machine), _used(call), call.cluster.clock.now
    busy = min(100.0, have.cpu / 10 / have.cpus)
    mib = [value / _MI for value in (have.total, have.total - have.used, have.used)]
    head = [
        f"top - {moment(now):%H:%M:%S} up {_up(call, now)},  1 user,  load average: {_load(have)}",
        f"Tasks: {len(found):3} total,   1 running, {len(found) - 1:3} sleeping,   0 stopped,   0 zombie",
        f"%Cpu(s): {busy * 0.7:4.1f} us, {busy * 0.3:4.1f} sy,  0.0 ni, {100 - busy:4.1f} id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st",
        f"MiB Mem : {mib[0]:8.1f} total, {mib[1]:8.1f} free, {mib[2]:8.1f} used, {0:8.1f} buff/cache",
        f"MiB Swap: {0:8.1f} total, {0:8.1f} free, {0:8.1f} used. {mib[1]:8.1f} avail Mem",
        "",
        "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND",
    ]
    rows = [
        f"{each.pid:7} {each.user:<8}  20   0 {each.memory // 1024 * 17 + 700_000:7} {each.memory // 1024:6} {each.memory // 3072:6} S {each.cpu / 10:5.1f} {100 * each.memory / have.total:5.1f} "
        f"{_time(each, now, 6):>6}.{each.pid % 100:02} {each.name}"
        for each in sorted(found, key=lambda each: (-each.cpu, each.pid))
    ]
    return Ran("\n".join([*head, *rows]) + "\n")


def _up(call: Call, now: int) -> str:
    booted = next((each.at for each in reversed(chronicle_of(call.cluster).of(call.machine.name, "machine")) if each.what == STARTED), 0)
    minutes = (now - booted) // SECOND // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    clock = f"{hours:2}:{rest:02}" if hours else f"{rest} min"
    return f"{days} day{'s' if days > 1 else ''}, {clock}" if days else clock


def _load(have: _Used) -> str:
    load = have.cpu / 1000
    return f"{load:.2f}, {load * 0.9:.2f}, {load * 0.8:.2f}"


@tool("uptime")
def _uptime(call: Call) -> Ran:
    now = call.cluster.clock.now
    return Ran(f" {moment(now):%H:%M:%S} up {_up(call, now)},  1 user,  load average: {_load(_used(call))}\n")


@tool("free")
def _free(call: Call) -> Ran:
    have = _used(call)
    cache = (have.total - have.used) // 5
    values = (have.total, have.used, have.total - have.used - cache, _MI, cache, have.total - have.used)
    letters = "".join(call.argv)

    def shown(value: int) -> str:
        if "h" not in letters:
            return str(value // {"b": 1, "m": _MI, "g": _MI * 1024}.get(letters.strip("-")[:1], 1024))
        text = tables.binary_size(value).removesuffix("B")
        number = float(text.rstrip("KMGTi"))
        return f"{number:.1f}{text.lstrip('0123456789.')}" if number < 10 else f"{number:.0f}{text.lstrip('0123456789.')}"

    swap = "".join(f"{'0B' if 'h' in letters else '0':>12}" for _ in range(3))
    first = "".join(f"{shown(value):>12}" for value in values)
    return Ran(f"               total        used        free      shared  buff/cache   available\nMem:    {first}\nSwap:   {swap}\n")


@tool("df")
def _df(call: Call) -> Ran:
    machine = call.machine
    total = milli(machine.storage) // 1000
    find = fleet_of(call.cluster).workloads.find
    load = milli(machine.load["storage"]) // 1000 if "storage" in machine.load else 0
    used = min(total, 2_100_000_000 + load + sum(find(each).size * 2 for each in machine.images))
    memory = milli(machine.memory) // 1000
    rows = [("udev", memory // 2, 0, "/dev"), ("tmpfs", memory // 10, 1_300_000, "/run"), ("/dev/vda1", total, used, "/"), ("tmpfs", memory // 2, 0, "/dev/shm"), ("tmpfs", 5 * _MI, 0, "/run/lock")]
    human = any("h" in word for word in call.argv if word.startswith("-"))

    def size(value: int) -> str:
        if not human:
            return str(value // 1024)
        unit = next((unit for unit in "GMK" if value >= 1024 ** (1 + "KMG".index(unit))), "")
        number = value / 1024 ** (1 + "KMG".index(unit)) if unit else value
        return f"{math.ceil(number * 10) / 10:.1f}{unit}" if unit and number < 10 else f"{math.ceil(number)}{unit}"

    lines = [("Filesystem", "Size" if human else "1K-blocks", "Used", "Avail" if human else "Available", "Use%", "Mounted on")]
    lines += [(name, size(whole), size(taken), size(whole - taken), f"{-(-100 * taken // max(whole, 1))}%", place) for name, whole, taken, place in rows]
    wide = [max(len(line[index]) for line in lines) for index in range(5)]
    text = "".join(f"{a:<{wide[0]}} {b:>{wide[1]}} {c:>{wide[2]}} {d:>{wide[3]}} {e:>{wide[4]}} {f}\n" for a, b, c, d, e, f in lines)
    return Ran(text)


@tool("nproc")
def _nproc(call: Call) -> Ran:
    return Ran(f"{max(1, milli(call.machine.cpu) // 1000)}\n")


# ---------------------------------------------------------------------------------------------------- who listens


def _listening(call: Call) -> list[tuple[str, str]]:
    """(address:port, program) of everything that listens."""
    found = [("127.0.0.1:10248", "kubelet"), ("*:10250", "kubelet")] if call.machine.kubelet else []
    if proxyunits.proxies_of(call.cluster).is_running(call.machine.name):
        found += [("127.0.0.1:10249", "kube-proxy"), ("*:10256", "kube-proxy")]
    if not call.machine.control_plane:
        return found
    running, options = control_of(call.cluster).is_running, {name: options_of(call.cluster, name) for name in COMPONENTS}
    if running("etcd"):
        urls = ",".join(options["etcd"].get(name, "") for name in ("listen-client-urls", "listen-peer-urls", "listen-metrics-urls"))
        found += [(url.partition("://")[2], "etcd") for url in urls.split(",") if url]
    usual = {"kube-apiserver": ("*", "6443"), "kube-controller-manager": ("127.0.0.1", "10257"), "kube-scheduler": ("127.0.0.1", "10259")}
    for name, (address, port) in usual.items():
        if running(name):
            found.append((f"{address}:{options[name].get('secure-port', port)}", name))
    return found


@tool("ss", "netstat")
def _ss(call: Call) -> Ran:
    pids = {each.name: each.pid for each in processes(call.cluster, call.machine)}
    found = [*_listening(call), ("0.0.0.0:22", "sshd")]
    pids["sshd"] = 561
    if call.name == "netstat":
        rows = [f"{'tcp6' if place.startswith('*') else 'tcp':<5} {0:6} {0:6} {place.replace('*', ':::', 1).replace('::::', ':::'):<23} {'0.0.0.0:*':<23} LISTEN      {pids.get(name[:15], 1)}/{name[:15]}" for place, name in found]
        head = "Active Internet connections (only servers)\nProto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name\n"
        return Ran(head + "".join(f"{row}\n" for row in rows))
    shown = any("p" in word for word in call.argv if word.startswith("-"))
    lines = [("State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port", "Process" if shown else "")]
    for number, (place, name) in enumerate(found):
        peer = "*:*" if place.startswith("*") else "0.0.0.0:*"
        lines.append(("LISTEN", "0", "4096", place, peer, f'users:(("{name[:15]}",pid={pids.get(name[:15], 1)},fd={7 + number}))' if shown else ""))
    wide = max(len(line[3]) for line in lines)
    return Ran("".join(f"{a:<8}{b:<8}{c:<8}{d:>{wide}} {e:>20} {f}".rstrip() + "\n" for a, b, c, d, e, f in lines))
