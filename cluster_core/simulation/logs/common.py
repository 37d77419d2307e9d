"""What the logs of several programs have in common: leading, looking in vain for the API server, events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import any_time
from cluster_core.machinery.typed import Obj
from cluster_core.simulation import chronicle
from cluster_core.simulation.kubeadm.manifests import COMPONENTS
from cluster_core.simulation.logs.klog import MILLISECOND, Log, Run, retries
from cluster_core.simulation.nodes import CONTROL_PLANE
from cluster_core.simulation.options import site_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_SERVERS = COMPONENTS[:2]


def address(run: Run, port: str) -> str:
    """Where it serves."""
    options = run.options
    host = options.get("bind-address", "0.0.0.0")
    return f"{'[::]' if host in ('0.0.0.0', '::') else host}:{options.get('secure-port', port)}"


def leads(log: Log, name: str, after: int) -> None:
    """It becomes the leader, so many milliseconds after its start."""
    if log.run.options.get("leader-elect", "true") == "true":
        at = log.run.began + after * MILLISECOND
        log.say(at, "leaderelection.go:258", "Attempting to acquire leader lease...", lock=f"kube-system/{name}")
        log.say(at + 12 * MILLISECOND, "leaderelection.go:272", "Successfully acquired lease", lock=f"kube-system/{name}")


def reaches(cluster: Cluster, log: Log, watched: Sequence[str]) -> bool:
    """Whether it reaches the API server; what it says of the times when it does not."""
    run, mute = log.run, log.run.mute
    for at in retries(run.began, run.until, 45 * SECOND) if mute else ():
        log.plain(at, "reflector.go:227", mute, "E")
    for begin, end, why in unanswered(cluster, run.began, run.until) if not mute else ():
        for at in retries(begin + SECOND, end, 45 * SECOND, 5):
            for kind in watched:
                log.say(at, "reflector.go:227", "Failed to watch", "E", err=f"failed to list {kind}: {why}", type=kind)
    return not mute


def unanswered(cluster: Cluster, begin: int, end: int, path: str = "") -> Iterator[tuple[int, int, str]]:
    """The same, with what a client of the API server gets to hear."""
    for name, why in (("kube-apiserver", refused(cluster, path)), ("etcd", "etcdserver: request timed out")):
        for first, last in silences(cluster, begin, end, (name,)):
            yield first, last, why


def refused(cluster: Cluster, path: str = "") -> str:
    """What a client of a stopped API server gets to hear."""
    server = site_of(cluster).server
    return f'Get "{server}{path}": dial tcp {server.removeprefix("https://")}: connect: connection refused'


def silences(cluster: Cluster, begin: int, end: int, servers: Sequence[str] = _SERVERS) -> list[tuple[int, int]]:
    """From when to when, within these times, one of these did not run: the API server or etcd."""
    found: list[tuple[int, int]] = []
    for name in servers:
        episodes = chronicle.chronicle_of(cluster).of(CONTROL_PLANE, name)
        for episode, following in zip(episodes, [*episodes[1:], None], strict=True):
            until = following.at if following is not None else end
            if episode.what in (chronicle.STOPPED, chronicle.FAILED, chronicle.DARK) and until > begin and episode.at < end:
                found.append((max(episode.at, begin), min(until, end)))
    return sorted((begin, end) for begin, end in found if end > begin)


# ---------------------------------------------------------------------------------------------------- events


def events(cluster: Cluster, component: str, host: str = "") -> Iterator[Obj]:
    """What this component has told of (on this machine)."""
    for event in cluster.world.client("journal").list("Event"):
        source = event.get("source") or {}
        if component in (source.get("component"), event.get("reportingComponent")) and (not host or source.get("host") == host):
            yield event


def tell_events(log: Log, found: Iterable[Obj]) -> None:
    """What a program tells of, as it also writes it into its log."""
    for event in found:
        involved = event["involvedObject"]
        for at in seen(event):
            log.say(at, "event.go:389", "Event occurred", object=about(event), fieldPath=involved.get("fieldPath", ""), kind=involved["kind"],
                    apiVersion=involved.get("apiVersion", ""), type=event["type"], reason=event["reason"], message=event["message"])  # fmt: skip


def last_seen(event: Obj) -> int:
    series = event.get("series") or {}
    return any_time(series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])


def first_seen(event: Obj) -> int:
    return any_time(event.get("firstTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])


def seen(event: Obj) -> list[int]:
    """When: the first and the last time."""
    return sorted({first_seen(event), last_seen(event)})


def about(event: Obj) -> str:
    """The object, as klog names it."""
    involved = event["involvedObject"]
    return f"{involved['namespace']}/{involved['name']}" if involved.get("namespace") else str(involved["name"])


def created(obj: Obj) -> int:
    return any_time(obj["metadata"]["creationTimestamp"])


def full_name(obj: Obj) -> str:
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}".lstrip("/")
