"""Commands about the control plane's components, the timings and the state of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cluster_core.kubelet import timings
from cluster_core.simulation.arguments import Arguments
from cluster_core.simulation.commands import CommandError, command
from cluster_core.simulation.control import COMPONENTS, control_of
from cluster_core.simulation.flaky import Flaky
from cluster_core.simulation.nodes import containers_of, fleet_of, park_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_SHORT = {"scheduler": "kube-scheduler", "controller-manager": "kube-controller-manager", "apiserver": "kube-apiserver"}


@command("stop-component")
def stop_component(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """component: etcd, kube-apiserver, kube-controller-manager, kube-scheduler; or kubelet with node."""
    return _switch(cluster, args, False)


@command("start-component")
def start_component(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    return _switch(cluster, args, True)


def _switch(cluster: Cluster, args: Mapping[str, Any], run: bool) -> dict[str, Any]:
    given = Arguments(args)
    name = given.text("component")
    name = _SHORT.get(name, name)
    if name == "kubelet":
        return _switch_kubelet(cluster, given.node(), run)
    if name not in COMPONENTS:
        raise CommandError(f'there is no component named "{name}"; there are {", ".join(COMPONENTS)} and kubelet', 404)
    control = control_of(cluster)
    if control.is_running(name) == run:
        raise CommandError(f"{name} is {'running' if run else 'stopped'} already", 409)
    if run:
        control.start(name)
    else:
        control.stop(name)
    return {"component": name, "running": run}


def _switch_kubelet(cluster: Cluster, node: str, run: bool) -> dict[str, Any]:
    park = park_of(cluster)
    machine = park.get(node)
    if machine is None:
        raise CommandError(f'there is no machine named "{node}"', 404)
    if machine.state != "on":
        raise CommandError(f'machine "{node}" is {machine.state}', 409)
    if machine.kubelet == run:
        raise CommandError(f"the kubelet of {node} is {'running' if run else 'stopped'} already", 409)
    park.set_kubelet(machine, run)
    return {"component": "kubelet", "node": node, "running": run}


@command("set-timings")
def set_timings(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """timings: {name: seconds or [least, most]}, null for the default -> all timings as they are now."""
    given = args.get("timings", args)
    if not isinstance(given, Mapping):
        raise CommandError("timings must be an object")
    changed = fleet_of(cluster).timings.changed
    for name, value in given.items():
        if name not in timings.DEFAULTS:
            raise CommandError(f'there is no timing named "{name}"; there are {", ".join(timings.DEFAULTS)}')
        _check_timing(name, value)
    for name, value in given.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = value
    part = cluster.parts[Flaky.name]
    assert isinstance(part, Flaky)
    if any(name.startswith("node-") for name in given):
        part.plan_all()
    return get_timings(cluster, {})


@command("timings")
def get_timings(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """All timings as they are now, and which of them are not the usual ones."""
    changed = fleet_of(cluster).timings.changed
    return {"timings": {**timings.DEFAULTS, **changed}, "changed": sorted(changed)}


@command("set-images")
def set_images(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """acceptAnyImage: whether images that nobody knows can be pulled, from now on -> as `images`"""
    workloads = containers_of(cluster)
    workloads.any_image = Arguments(args).truth("acceptAnyImage", workloads.any_image)
    return get_images(cluster, {})


@command("images")
def get_images(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """Which images can be pulled: those of the catalogue, or any."""
    return {"acceptAnyImage": containers_of(cluster).any_image}


def _check_timing(name: str, value: Any) -> None:
    values = value if isinstance(value, list) and len(value) == 2 else [value]
    for each in values:
        if each is not None and (isinstance(each, bool) or not isinstance(each, (int, float)) or not 0 <= each <= 1e15):
            raise CommandError(f"{name} must be a number of seconds or [least, most]")
    if isinstance(value, list) and (len(value) != 2 or value[0] > value[1]):
        raise CommandError(f"{name}: a range is [least, most]")
    if name in timings.PROBABILITIES and value is not None and not (isinstance(value, (int, float)) and value <= 1):
        raise CommandError(f"{name} is a probability: a number from 0 to 1")
    if name == "node-failure" and isinstance(value, list):
        raise CommandError("node-failure is a mean time: one number of seconds")


@command("state")
def state(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """Counts, machines, components and the clock at a glance."""
    api = cluster.world.client("kubernetes-admin")
    pods = Counter(pod.get("status", {}).get("phase", "Unknown") for pod in api.list("Pod"))
    ready = sum(1 for node in api.list("Node") if _is_ready(node))
    control = control_of(cluster)
    machines = park_of(cluster).machines.values()
    return {
        "now": cluster.clock.timestamp(),
        "elapsed": cluster.clock.elapsed,
        "stable": cluster.stable(),
        "revision": cluster.revision,
        "nodes": {"total": len(api.list("Node")), "ready": ready},
        "machines": {machine.name: machine.state for machine in machines},
        "pods": {"total": pods.total(), **dict(sorted(pods.items()))},
        "components": {name: control.is_running(name) for name in COMPONENTS},
    }


def _is_ready(node: Mapping[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions", ())
    return any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)
