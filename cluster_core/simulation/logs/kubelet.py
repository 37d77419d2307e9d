"""The kubelet's log: its start, its node, its pods, and what it cannot do. Models cmd/kubelet/app and pkg/kubelet."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import parse_time
from cluster_core.machinery.typed import Obj
from cluster_core.machines import manifests, rendering
from cluster_core.machines.machine import Machine
from cluster_core.simulation import chronicle, machinefiles, machineparts
from cluster_core.simulation.kubeadm.manifests import COMPONENTS, VERSION
from cluster_core.simulation.logs import common
from cluster_core.simulation.logs.engine import VERSIONS
from cluster_core.simulation.logs.klog import Log, Run, moment, quoted, retries
from cluster_core.simulation.nodes import CONTROL_PLANE, park_of
from cluster_core.workloads.logs import Line

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_START = (
    (40, "server.go:545", '"Kubelet version" kubeletVersion="{version}"'),
    (40, "server.go:547", '"Golang settings" GOGC="" GOMAXPROCS="" GOTRACEBACK=""'),
    (44, "server.go:991", '"Client rotation is on, will bootstrap in background"'),
    (52, "dynamic_cafile_content.go:161", '"Starting controller" name="client-ca-bundle::{client_ca}"'),
    (61, "server.go:814", '"--cgroups-per-qos enabled, but --cgroup-root was not specified.  Defaulting to /"'),
    (80, "kubelet.go:496", '"Attempting to sync node with API server"'),
    (80, "kubelet.go:397", '"Adding static pod path" path="{static}"'),
    (81, "kubelet.go:408", '"Adding apiserver pod source"'),
    (84, "apiserver.go:41", '"Waiting for node sync before watching apiserver pods"'),
    (90, "kuberuntime_manager.go:308", '"Container runtime initialized" containerRuntime="{runtime}" version="{runtime_version}" apiVersion="v1"'),
    (98, "server.go:1291", '"Started kubelet"'),
    (99, "server.go:193", '"Starting to listen" address="0.0.0.0" port=10250'),
    (101, "volume_manager.go:310", '"Starting Kubelet Volume Manager"'),
    (180, "kubelet_node_status.go:78", '"Attempting to register node" node="{node}"'),
)
_REGISTERED = (
    (240, "kubelet_node_status.go:81", '"Successfully registered node" node="{node}"'),
    (260, "kubelet_network.go:48", '"Updating Pod CIDR" originalPodCIDR="" newPodCIDR="{cidr}"'),
    (1090, "apiserver.go:51", '"Watching apiserver"'),
)
_PLUGINS = {"hostPath": "host-path", "configMap": "configmap", "secret": "secret", "emptyDir": "empty-dir", "projected": "projected", "downwardAPI": "downward-api", "persistentVolumeClaim": "csi", "nfs": "nfs"}


def lines(cluster: Cluster, run: Run) -> list[Line]:
    log, machine = Log(run), park_of(cluster).machines[run.node]
    settings = machineparts.kubelet_settings(cluster, machine)
    engine = {"cri-o": "crio"}.get(machine.runtime, machine.runtime)
    values = {"version": machine.settings.get("version", VERSION), "client_ca": run.options.get("client-ca-file", rendering.CA), "static": str(settings["staticPodPath"]), "node": run.node, "cidr": machine.pod_cidr,
              "runtime": {"crio": "cri-o"}.get(engine, engine), "runtime_version": VERSIONS.get(engine, "")}  # fmt: skip
    log.start(_START, **values)
    if run.mute:
        for at in retries(run.began, run.until, 7 * SECOND):
            log.plain(at, *_complaint(run))
        return log.lines
    log.start(_REGISTERED, **values)
    _silences(cluster, log)
    _parts(cluster, log)
    _pods(cluster, log)
    _troubles(cluster, log)
    _manifests(cluster, log, machine)
    return log.lines


def _complaint(run: Run) -> tuple[str, str, str]:
    """(place, text, severity)"""
    if "Unable to register" in run.mute:
        return "kubelet_node_status.go:111", f"{run.mute} node={quoted(run.node)}", "E"
    return "bootstrap.go:265", run.mute, "I" if run.mute.startswith('"Waiting') else "E"


def _silences(cluster: Cluster, log: Log) -> None:
    """The API server is out of reach: the lease is not renewed, the status not told."""
    node = log.run.node
    lease_path, node_path = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{node}?timeout=10s", f"/api/v1/nodes/{node}?timeout=10s"
    times = zip(*(common.unanswered(cluster, log.run.began, log.run.until, path) for path in (lease_path, node_path)), strict=True)
    for (begin, end, lease), (_, _, status) in times:
        for at in retries(begin + SECOND, end, 10 * SECOND, 5):
            log.say(at, "controller.go:195", "Failed to update lease", "E", err=lease.replace("Get ", "Put ", 1))
            log.say(at + SECOND // 10, "kubelet_node_status.go:529", "Error updating node status, will retry", "E", err=f'error getting node "{node}": {status}')


def _parts(cluster: Cluster, log: Log) -> None:
    """Static pods that crash while no event can be written about them."""
    for name in COMPONENTS[:2] if log.run.node == CONTROL_PLANE and cluster.spec.flavour == "kubeadm" else ():
        episodes = chronicle.chronicle_of(cluster).of(CONTROL_PLANE, name)
        for episode, following in pairwise([*episodes, chronicle.Episode("", log.run.until, 0)]):
            for at in retries(episode.at, following.at, 300 * SECOND) if episode.what == chronicle.FAILED else ():
                pod = f"kube-system/{name}-{CONTROL_PLANE}"
                why = f'ErrImagePull: {quoted(episode.text)}' if episode.text.startswith("rpc error") else f'CrashLoopBackOff: "back-off restarting failed container={name} pod={name}-{CONTROL_PLANE}_kube-system"'
                log.say(at, "pod_workers.go:1324", "Error syncing pod, skipping", "E", err=f'failed to "StartContainer" for "{name}" with {why}', pod=pod)


# ---------------------------------------------------------------------------------------------------- pods


def _pods(cluster: Cluster, log: Log) -> None:
    for pod in cluster.world.client("journal").on_node("Pod", log.run.node):
        begun = pod.get("status", {}).get("startTime")
        if begun is None:
            continue
        at, name, uid = max(parse_time(begun), log.run.began + SECOND), common.full_name(pod), pod["metadata"]["uid"]
        if log.run.verbosity >= 2:
            log.plain(at, "kubelet.go:2724", f'"SyncLoop ADD" source="api" pods=["{name}"]')
        for volume in pod["spec"].get("volumes") or ():
            _mounts(log, at + SECOND // 5, pod, volume)
        ready = next((each for each in pod["status"].get("conditions", ()) if each["type"] == "Ready" and each["status"] == "True"), None)
        if ready is not None and parse_time(ready["lastTransitionTime"]) >= log.run.began:
            _observed(log, pod, max(parse_time(ready["lastTransitionTime"]), at + SECOND))
        if pod["metadata"].get("deletionTimestamp") and log.run.verbosity >= 2:
            log.plain(parse_time(pod["metadata"]["deletionTimestamp"]), "kubelet.go:2740", f'"SyncLoop DELETE" source="api" pods=["{name}"] podUID="{uid}"')


def _mounts(log: Log, at: int, pod: Obj, volume: Obj) -> None:
    kind = next((key for key in volume if key != "name"), "emptyDir")
    name, uid = volume["name"], pod["metadata"]["uid"]
    text = f'operationExecutor.VerifyControllerAttachedVolume started for volume "{name}" (UniqueName: "kubernetes.io/{_PLUGINS.get(kind, kind.lower())}/{uid}-{name}") pod "{pod["metadata"]["name"]}" (UID: "{uid}") '
    log.say(at, "reconciler_common.go:251", text, pod=common.full_name(pod))


def _observed(log: Log, pod: Obj, running: int) -> None:
    made = common.created(pod)
    took = max(0, running - made) / SECOND
    log.plain(running, "pod_startup_latency_tracker.go:148",
              f'"Observed pod startup duration" pod="{common.full_name(pod)}" podStartSLOduration={took:.9g} podStartE2EDuration="{took:.9g}s" '
              f'podCreationTimestamp="{moment(made):%Y-%m-%d %H:%M:%S} +0000 UTC" observedRunningTime="{moment(running):%Y-%m-%d %H:%M:%S.%f} +0000 UTC"')  # fmt: skip


# ---------------------------------------------------------------------------------------------------- what goes wrong

_CONTAINER = re.compile(r"spec\.\w+\{(.+)\}")


def _troubles(cluster: Cluster, log: Log) -> None:
    found = list(common.events(cluster, "kubelet", log.run.node))
    for event in found:
        for at in common.seen(event) if event["reason"] in _TELLING else ():
            _TELLING[event["reason"]](log, at, event)
    if log.run.verbosity >= 3:
        common.tell_events(log, found)


def _syncing(log: Log, at: int, event: Obj, why: str) -> None:
    uid = event["involvedObject"].get("uid", "")
    match = _CONTAINER.fullmatch(event["involvedObject"].get("fieldPath", ""))
    err = f'failed to "StartContainer" for "{match[1]}" with {why}' if match else why
    log.say(at, "pod_workers.go:1324", "Error syncing pod, skipping", "E", err=err, pod=common.about(event), podUID=uid)


def _failed(log: Log, at: int, event: Obj) -> None:
    text = str(event["message"])
    if text.startswith("Failed to pull image"):
        image, _, why = text.removeprefix("Failed to pull image ").partition(": ")
        log.say(at, "log.go:32", "PullImage from image service failed", "E", err=why, image=image.strip('"'))
        log.say(at, "kuberuntime_image.go:43", "Failed to pull image", "E", err=why, image=image.strip('"'))
        _syncing(log, at, event, f"ErrImagePull: {quoted(why)}")
    elif text not in ("Error: ErrImagePull", "Error: ImagePullBackOff"):
        _syncing(log, at, event, f"CreateContainerError: {quoted(text.removeprefix('Error: '))}")


def _backing_off(log: Log, at: int, event: Obj) -> None:
    reason = "ImagePullBackOff" if "pulling image" in event["message"] else "CrashLoopBackOff"
    _syncing(log, at, event, f"{reason}: {quoted(event['message'])}")


def _mount_failed(log: Log, at: int, event: Obj) -> None:
    log.plain(at, "nestedpendingoperations.go:348", f'Operation failed. No retries permitted until {moment(at + SECOND // 2):%Y-%m-%d %H:%M:%S} +0000 UTC (durationBeforeRetry 500ms). Error: {event["message"]}', "E")


def _sandbox_failed(log: Log, at: int, event: Obj) -> None:
    log.say(at, "kuberuntime_manager.go:1614", "CreatePodSandbox for pod failed", "E", err=event["message"], pod=common.about(event))
    _syncing(log, at, event, f'failed to "CreatePodSandbox" for "{common.about(event)}": {event["message"]}')


def _unhealthy(log: Log, at: int, event: Obj) -> None:
    if log.run.verbosity >= 1:
        kind, _, output = str(event["message"]).partition(" probe failed: ")
        match = _CONTAINER.fullmatch(event["involvedObject"].get("fieldPath", ""))
        log.say(at, "prober.go:122", "Probe failed", probeType=kind, pod=common.about(event), podUID=event["involvedObject"].get("uid", ""),
                containerName=match[1] if match else "", probeResult="failure", output=output)  # fmt: skip


def _killing(log: Log, at: int, event: Obj) -> None:
    if log.run.verbosity >= 2:
        log.say(at, "kuberuntime_container.go:915", "Killing container with a grace period", pod=common.about(event), podUID=event["involvedObject"].get("uid", ""))


def _evicting(log: Log, at: int, event: Obj) -> None:
    log.say(at, "eviction_manager.go:614", "Eviction manager: pod is evicted successfully", pod=common.about(event))


_TELLING: dict[str, Callable[[Log, int, Obj], None]] = {"Failed": _failed, "BackOff": _backing_off, "FailedMount": _mount_failed, "FailedCreatePodSandBox": _sandbox_failed,
                            "Unhealthy": _unhealthy, "Killing": _killing, "Evicted": _evicting}  # fmt: skip


def _manifests(cluster: Cluster, log: Log, machine: Machine) -> None:
    """Files among the manifests that describe no pod are complained of at every look, all 20 seconds."""
    period = 20 * SECOND
    for path, text in machinefiles.files(cluster, machine).items():
        if manifests.is_manifest(machine, path) and manifests.parsed(text) is None:
            why = f"{path}: couldn't parse as pod({manifests.complaint(text)}), please check config file"
            for at in range(log.run.until - log.run.until % period - 2 * period, log.run.until, period):
                log.say(at, "file.go:187", "Could not process manifest file", "E", err=why, path=path)
