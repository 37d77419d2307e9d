"""etcd's data directory as files of the machine: put away when etcd stops, taken up when it starts.

While etcd runs its data are the cluster's revisions, and `member/snap/db` only says so. When it stops they become that
file's text, so that people can move, copy, remove and restore a data directory; from what it finds there the next etcd starts.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TYPE_CHECKING

from cluster_core.etcd import snapshot
from cluster_core.machines import flags, manifests
from cluster_core.machines.machine import Machine
from cluster_core.simulation.nodes import CONTROL_PLANE, park_of
from cluster_core.simulation.options import options_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

USUAL = "/var/lib/etcd"
DATA = "member/snap/db"
LIVE = "(etcd is running on this: the cluster's revisions)\n"
_MAGIC = "cluster-playground etcd data 1\n"
_MOST = 64 * 1024 * 1024


class NoData(ValueError):
    """This text is no etcd's data."""


def pack(data: bytes) -> str:
    """A snapshot as text, small enough to lie on a machine."""
    return _MAGIC + base64.b64encode(zlib.compress(data, 6)).decode() + "\n"


def unpack(text: str) -> bytes:
    """Raises NoData."""
    if not text.startswith(_MAGIC):
        raise NoData("this is no snapshot of a playground's etcd")
    try:
        unzip = zlib.decompressobj()
        data = unzip.decompress(base64.b64decode(text.removeprefix(_MAGIC), validate=False), _MOST)
    except (binascii.Error, zlib.error):
        data = b""
    if not data:
        raise NoData("snapshot file integrity check failed: the file is damaged")
    return data


def data_directory(cluster: Cluster) -> str:
    """Where on the machine etcd keeps its data; "" when that is lost with its container."""
    machine = park_of(cluster).get(CONTROL_PLANE)
    return directory_of(options_of(cluster, "etcd"), machine) if machine is not None else USUAL


def directory_of(given: flags.Flags, machine: Machine) -> str:
    """The directory that these flags of etcd name, on the machine."""
    path = given.get("data-dir", f"{given.get('name', 'default')}.etcd").rstrip("/")
    found = manifests.host_path(machine.manifests.get("etcd"), path)
    return found if found.startswith("/") or not found else f"/{found}"


def contents(cluster: Cluster, machine: Machine, directory: str) -> bytes:
    """The data in a directory, be it etcd's own. Raises NoData."""
    from cluster_core.simulation import machinefiles

    text = machinefiles.files(cluster, machine).get(f"{directory.rstrip('/')}/{DATA}")
    if text is None:
        raise NoData(f"open {directory}/{DATA}: no such file or directory")
    return take(cluster) if text == LIVE else unpack(text)


def take(cluster: Cluster) -> bytes:
    """A snapshot of what is there now."""
    from cluster_core.simulation.commands_etcd import etcd_of

    return bytes(etcd_of(cluster).call("snapshot", {})["data"])


def put_away(cluster: Cluster, directory: str) -> None:
    """etcd ends: its data become a file, unless somebody has removed that meanwhile."""
    machine, path = park_of(cluster).get(CONTROL_PLANE), f"{directory}/{DATA}"
    if machine is not None and _is_live(machine, path):
        machine.files = {**machine.files, path: pack(take(cluster))}


def _is_live(machine: Machine, path: str) -> bool:
    return machine.files.get(path, LIVE if path.startswith(f"{USUAL}/") else None) == LIVE


def take_up(cluster: Cluster, directory: str) -> None:
    """etcd starts: what lies in its directory becomes the cluster's data; an empty directory is a new cluster."""
    machine, path = park_of(cluster).get(CONTROL_PLANE), f"{directory}/{DATA}"
    if machine is None or (directory and _is_live(machine, path)):
        return
    text = machine.files.get(path) if directory else None
    if text is None:
        _wipe(cluster)
    elif unpack(text) != take(cluster):
        _restore(cluster, unpack(text))
    rest = {name: each for name, each in machine.files.items() if name != path}
    machine.files = rest if path.startswith(f"{USUAL}/") or not directory else {**rest, path: LIVE}


def _restore(cluster: Cluster, data: bytes) -> None:
    from cluster_core.simulation.commands_etcd import etcd_of

    etcd_of(cluster).call("restore", {"data": data})


def _wipe(cluster: Cluster) -> None:
    with cluster.store.together():
        cluster.store.delete_range("", "\0")


def problem(cluster: Cluster, machine: Machine, directory: str) -> str:
    """Why etcd cannot start on this directory."""
    text = machine.files.get(f"{directory}/{DATA}") or LIVE
    if text == LIVE:
        return ""
    try:
        snapshot.read(unpack(text))
    except (NoData, snapshot.SnapshotError):
        return '{"level":"panic","msg":"failed to open database","error":"invalid database"}'
    return ""
