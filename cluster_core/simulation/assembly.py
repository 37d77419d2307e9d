"""Which kinds, admission plugins and parts a cluster is put together from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cluster_core import controllers as controller_modules
from cluster_core import kinds as kind_modules
from cluster_core.apiserver.admission import clusterlimits
from cluster_core.apiserver.admission.chain import Plugin
from cluster_core.apiserver.admission.recommended import PLUGINS
from cluster_core.apiserver.aggregation import Registrations
from cluster_core.apiserver.customresources.lifecycle import Definitions
from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.parts import Part
from cluster_core.controllers.garbagecollector import GarbageCollector
from cluster_core.controllers.runtime import Controller, ControllerPart
from cluster_core.etcd.leases import Leases
from cluster_core.kubelet import claims, refreshing
from cluster_core.kubelet.fleet import Fleet
from cluster_core.kubelet.timings import Timings
from cluster_core.machinery.plugins import collect
from cluster_core.machines.machine import Machine
from cluster_core.machines.park import MachinePark
from cluster_core.scheduler import configuration
from cluster_core.scheduler.annals import Annals
from cluster_core.scheduler.component import Scheduler
from cluster_core.simulation import connecting, leaderelection, presenting, proxying, usage, webhooks
from cluster_core.simulation.chronicle import Chronicle
from cluster_core.simulation.controllernames import is_chosen
from cluster_core.simulation.drain import Drains
from cluster_core.simulation.flaky import Flaky
from cluster_core.simulation.kubeadm.manifests import static_pods
from cluster_core.simulation.networking import add_network
from cluster_core.simulation.serviceaddresses import ServiceAddresses
from cluster_core.simulation.tlsbootstrap import Bootstraps
from cluster_core.workloads.runtime import Containers

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


@lru_cache(1)
def kinds() -> Sequence[Kind]:
    """The built-in kinds."""
    return tuple(collect(kind_modules, "KIND"))


def admission(limits: Callable[[], Mapping[str, float]]) -> Sequence[Plugin]:
    """All admission plugins; the server's flags say which are on. Last, what keeps the cluster within its limits."""
    return (*PLUGINS, clusterlimits.plugin(limits))


@lru_cache(1)
def controllers() -> Sequence[Controller]:
    return tuple(collect(controller_modules, "CONTROLLER"))


@lru_cache(1)
def addons() -> Sequence[Controller]:
    """What runs beside Kubernetes itself: provisioners, load balancers."""
    return tuple(collect(controller_modules, "ADDON"))


def external_parts(cluster: Cluster) -> list[Part]:
    """The addons; a bare cluster has those that its options name, else none."""
    options = cluster.spec.options
    usual: dict[str, Any] = {"provisioners": (), "load-balancer": False} if cluster.spec.bare else {}
    flags: dict[str, Any] = {**usual, **{key: options[key] for key in ("provisioners", "load-balancer") if key in options}}
    return [ControllerPart(addon, cluster.world, flags) for addon in addons()]


def controller_manager(cluster: Cluster, flags: Mapping[str, Any]) -> list[Part]:
    """The parts of kube-controller-manager, with its flags."""
    wanted = str(flags.get("controllers", "*")).split(",")
    chosen = [each for each in controllers() if is_chosen(each.name, each.default_on, wanted)]
    parts: list[Part] = [ControllerPart(controller, cluster.world, flags) for controller in chosen]
    if is_chosen("garbage-collector-controller", True, wanted):
        parts.append(GarbageCollector(cluster.world, flags))
    return parts


def first_flags(cluster: Cluster) -> Mapping[str, Any]:
    """The manager's flags that count when a cluster is made: kubeadm asks for two controllers more."""
    wanted = cluster.spec.flavour == "kubeadm" and not cluster.spec.bare
    return {"controllers": "*,bootstrapsigner,tokencleaner"} if wanted else {}


def scheduler(cluster: Cluster, document: Mapping[str, Any] | None = None) -> list[Part]:
    """The parts of kube-scheduler, with its configuration file."""
    return [Scheduler(cluster.world, annals_of(cluster), configuration.parse(document) if document else None)]


def annals_of(cluster: Cluster) -> Annals:
    """What remembers the scheduler's decisions, whether it runs or not."""
    part = cluster.parts[Annals.name]
    assert isinstance(part, Annals)
    return part


def manifests_of(flavour: str) -> Callable[[Machine], dict[str, Any]]:
    """The static pods of a control plane's machine: those of kubeadm, none where everything was set up by hand."""
    nothing: dict[str, Any] = {}
    return lambda machine: static_pods(machine.name, machine.address) if flavour == "kubeadm" else nothing


def add_parts(cluster: Cluster) -> None:
    """Start the control plane's parts and the machines with their kubelets."""
    from cluster_core.simulation import kubeletlink, machinefiles, machineparts, partshells
    from cluster_core.simulation.control import ControlPlane
    from cluster_core.simulation.logs import programs

    world, options = cluster.world, cluster.spec.options
    park = MachinePark(cluster.clock, manifests_of(cluster.spec.flavour))
    containers = Containers(options)
    fleet = Fleet(world, park, containers, Timings(cluster.seed, options.get("timings", {})))
    fleet.host_files = lambda node: machinefiles.files(cluster, park.machines[node])
    containers.now, containers.running_as = lambda: cluster.clock.now, fleet.inside.running_as
    containers.stirred = lambda pod, container: refreshing.stir(fleet, pod, container)
    containers.volume_of = lambda namespace, name: claims.volume_of(fleet, namespace, name)
    fleet.private_registries = frozenset(options.get("private-registries", ()))
    world.machines = fleet
    control = ControlPlane(cluster)
    park.listen(control.power_changed)
    history = Chronicle(cluster.clock, park)
    leases = Leases(cluster.store, cluster.clock, cluster.agenda, cluster.seed)
    leases.is_up = lambda: control.is_running("etcd")
    cluster.add_part(Annals(world))
    parts: list[Part] = [Definitions(world), Registrations(world), park, fleet, control, history, leases, Bootstraps(cluster), Flaky(world, park, fleet.timings), Drains(world), *controller_manager(cluster, first_flags(cluster)), *scheduler(cluster)]
    for part in (ServiceAddresses(world), *parts, *external_parts(cluster)):
        cluster.add_part(part)
    add_network(cluster)
    _connect(cluster, park, fleet)
    kubeletlink.install(cluster)
    if not cluster.spec.bare:
        usage.install(cluster.server, fleet.inside)
    machineparts.install(cluster, containers)
    partshells.install(cluster, containers)
    containers.said = lambda launch, started, until: programs.of_container(cluster, containers.fault, launch, started, until)


def _connect(cluster: Cluster, park: MachinePark, fleet: Fleet) -> None:
    """Let the API server reach what does not lie in its store."""
    presenting.install(cluster.server, park, fleet)
    leaderelection.install(cluster)
    connecting.install(cluster.server, fleet)
    proxying.install(cluster)
    webhooks.install(cluster)
