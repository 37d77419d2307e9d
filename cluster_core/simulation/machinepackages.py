"""apt-get, apt, apt-mark, apt-cache and dpkg on a machine, as far as Kubernetes' own packages go.

The repository has the patch releases of the one minor version that is simulated. A package's program counts from the next
start of the unit on; kubeadm's at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from cluster_core.machines.machine import Machine
from cluster_core.simulation.kubeadm.manifests import VERSION
from cluster_core.simulation.machinetools import Call, Ran, tool

RELEASES = ("v1.36.0", "v1.36.1", "v1.36.2", "v1.36.3", "v1.36.4")
"""What the repository offers, oldest first."""
PACKAGES = ("kubeadm", "kubectl", "kubelet")
_SITE = "https://pkgs.k8s.io/core:/stable:/v1.36/deb"
_HELD = "held"


def version(machine: Machine, package: str) -> str:
    """What is installed: "v1.36.2"."""
    return machine.packages.get(package, VERSION)


def package_version(release: str) -> str:
    return f"{release.removeprefix('v')}-1.1"


def is_held(machine: Machine, package: str) -> bool:
    return package in machine.packages.get(_HELD, "").split()


class _Refused(Exception):
    pass


@tool("apt-get", "apt")
def _apt(call: Call) -> Ran:
    words = [word for word in call.argv if not word.startswith("-")]
    action = _VERBS.get(words[0] if words else "")
    if action is None:
        return Ran("", f"E: Invalid operation {' '.join(words[:1])}\n", 100)
    try:
        return Ran(action(call, words[1:]))
    except _Refused as error:
        return Ran(_LISTS, f"E: {error}\n", 100)


_LISTS = "Reading package lists...\nBuilding dependency tree...\nReading state information...\n"


def _update(call: Call, words: Sequence[str]) -> str:
    return f"Hit:1 http://deb.debian.org/debian bookworm InRelease\nHit:2 {_SITE}  InRelease\nReading package lists...\n"


def _install(call: Call, words: Sequence[str]) -> str:
    wanted = dict(_wanted(call.machine, word) for word in words)
    held = [name for name in wanted if is_held(call.machine, name) and wanted[name] != version(call.machine, name)]
    if held and "--allow-change-held-packages" not in call.argv:
        raise _Refused("Held packages were changed and -y was used without --allow-change-held-packages.")
    downgraded = [name for name in wanted if RELEASES.index(wanted[name]) < RELEASES.index(version(call.machine, name))]
    if downgraded and "--allow-downgrades" not in call.argv:
        raise _Refused("Packages were downgraded and -y was used without --allow-downgrades.")
    changed = {name: release for name, release in wanted.items() if release != version(call.machine, name)}
    said = "".join(f"{name} is already the newest version ({package_version(release)}).\n" for name, release in wanted.items() if name not in changed)
    said += f"The following packages will be upgraded:\n  {' '.join(sorted(changed))}\n" if changed else ""
    said += f"{len(changed)} upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n"
    for name, release in sorted(changed.items()):
        before = package_version(version(call.machine, name))
        said += f"Unpacking {name} ({package_version(release)}) over ({before}) ...\nSetting up {name} ({package_version(release)}) ...\n"
    call.machine.packages = {**call.machine.packages, **changed}
    return _LISTS + said


def _wanted(machine: Machine, word: str) -> tuple[str, str]:
    """(package, release). Raises _Refused."""
    name, equals, number = word.partition("=")
    if name not in PACKAGES:
        raise _Refused(f"Unable to locate package {name}")
    if not equals:
        return name, RELEASES[-1]
    fitting = [each for each in RELEASES if fnmatchcase(package_version(each), number)]
    if not fitting:
        raise _Refused(f"Version '{number}' for '{name}' was not found")
    return name, fitting[-1]


def _upgrade(call: Call, words: Sequence[str]) -> str:
    return _install(call, [name for name in PACKAGES if not is_held(call.machine, name)])


def _list(call: Call, words: Sequence[str]) -> str:
    rows = [f"{name}/stable {package_version(version(call.machine, name))} amd64 [installed{',held' if is_held(call.machine, name) else ''}]\n" for name in PACKAGES if not words or any(fnmatchcase(name, word) for word in words)]
    return "Listing...\n" + "".join(rows)


_VERBS: dict[str, Callable[[Call, Sequence[str]], str]] = {"update": _update, "install": _install, "upgrade": _upgrade, "list": _list}


@tool("apt-mark")
def _mark(call: Call) -> Ran:
    verb, *names = [word for word in call.argv if not word.startswith("-")] or [""]
    held = call.machine.packages.get(_HELD, "").split()
    if verb == "showhold":
        return Ran("".join(f"{name}\n" for name in sorted(held)))
    if verb not in ("hold", "unhold"):
        return Ran("", f"E: Invalid operation {verb}\n", 100)
    unknown = [name for name in names if name not in PACKAGES]
    if unknown:
        return Ran("", f"E: Unable to locate package {unknown[0]}\n", 100)
    kept = sorted({*held, *names} if verb == "hold" else {*held} - {*names})
    call.machine.packages = {**{name: each for name, each in call.machine.packages.items() if name != _HELD}, **({_HELD: " ".join(kept)} if kept else {})}
    return Ran("".join(f"{name} set on hold.\n" if verb == "hold" else f"Canceled hold on {name}.\n" for name in names))


@tool("apt-cache")
def _cache(call: Call) -> Ran:
    verb, *names = [word for word in call.argv if not word.startswith("-")] or [""]
    name = names[0] if names else ""
    if name not in PACKAGES:
        return Ran("", f"N: Unable to locate package {name}\n", 100)
    if verb == "madison":
        return Ran("".join(f"{name:>10} | {package_version(each):>12} | {_SITE}  Packages\n" for each in reversed(RELEASES)))
    if verb in ("policy", "show"):
        here = package_version(version(call.machine, name))
        rows = "".join(f" {'***' if package_version(each) == here else '   '} {package_version(each)} 500\n        500 {_SITE}  Packages\n" for each in reversed(RELEASES))
        return Ran(f"{name}:\n  Installed: {here}\n  Candidate: {package_version(RELEASES[-1])}\n  Version table:\n{rows}")
    return Ran("", f"E: Invalid operation {verb}\n", 100)


@tool("dpkg")
def _dpkg(call: Call) -> Ran:
    head = "Desired=Unknown/Install/Remove/Purge/Hold\n||/ Name           Version      Architecture Description\n+++-==============-============-============-=================================\n"
    rows = "".join(f"{'hi' if is_held(call.machine, name) else 'ii'}  {name:<14} {package_version(version(call.machine, name)):<12} amd64        Kubernetes: {name}\n" for name in PACKAGES)
    return Ran(head + rows)


@tool("kubelet")
def _kubelet(call: Call) -> Ran:
    if list(call.argv) in (["--version"], ["version"]):
        return Ran(f"Kubernetes {version(call.machine, 'kubelet')}\n")
    return Ran("", "the kubelet is run by its unit: systemctl status kubelet\n", 1)
