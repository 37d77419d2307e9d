"""kube-apiserver's log. Models cmd/kube-apiserver/app, pkg/controlplane and what it says of services and kinds it meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.simulation.logs import common
from cluster_core.simulation.logs.klog import MILLISECOND, Log, Run, retries
from cluster_core.workloads.logs import Line

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_START = (
    (5, "options.go:263", "external host was not specified, using {host}"),
    (6, "server.go:187", "Version: {version}"),
    (6, "server.go:189", '"Golang settings" GOGC="" GOMAXPROCS="" GOTRACEBACK=""'),
)
_SERVING = (
    (520, "instance.go:240", "Using reconciler: lease"),
    (900, "dynamic_cafile_content.go:161", '"Starting controller" name="client-ca-bundle::{client_ca}"'),
    (901, "dynamic_serving_content.go:135", '"Starting controller" name="serving-cert::{certificate}::{key}"'),
    (903, "secure_serving.go:214", "Serving securely on {address}"),
    (904, "tlsconfig.go:243", '"Starting DynamicServingCertificateController"'),
    (905, "system_namespaces_controller.go:66", "Starting system namespaces controller"),
    (906, "apf_controller.go:377", "Starting API Priority and Fairness config controller"),
    (907, "cluster_authentication_trust_controller.go:459", "Starting cluster_authentication_trust_controller controller"),
    (908, "crdregistration_controller.go:115", "Starting crd-autoregister controller"),
    (909, "remote_available_controller.go:456", "Starting RemoteAvailability controller"),
    (910, "local_available_controller.go:156", "Starting LocalAvailability controller"),
    (911, "controller.go:142", "Starting OpenAPI controller"),
    (912, "naming_controller.go:305", "Starting NamingConditionController"),
    (1020, "cache.go:39", "Caches are synced for RemoteAvailability controller"),
    (1021, "cache.go:39", "Caches are synced for LocalAvailability controller"),
    (1140, "storage_scheduling.go:153", "all system priority classes are created successfully or already exist."),
)
_COUNTED = ("ServiceAccount", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob", "Ingress", "NetworkPolicy", "EndpointSlice", "ControllerRevision", "PodDisruptionBudget", "HorizontalPodAutoscaler")


def lines(cluster: Cluster, run: Run) -> list[Line]:
    log, options = Log(run), run.options
    log.start(_START, host=options.get("advertise-address", ""), version=run.version)
    begins = run.began
    for begin, end in _without_etcd(cluster, run):
        _looks_for_etcd(log, begin, end)
        begins = end if begin == run.began else begins
    if begins < run.until:
        values = {"client_ca": options.get("client-ca-file", ""), "certificate": options.get("tls-cert-file", ""), "key": options.get("tls-private-key-file", "")}
        _serve(log, begins, address=common.address(run, "6443"), **values)
        _objects(cluster, log)
    return log.lines


def _serve(log: Log, at: int, **values: str) -> None:
    """What it says when it reaches etcd."""
    for after, source, text in _SERVING:
        log.plain(at + after * MILLISECOND, source, text.format(**values))


def _without_etcd(cluster: Cluster, run: Run) -> list[tuple[int, int]]:
    """From when to when it had no etcd."""
    if run.mute:
        return [(run.began, run.until)]
    return common.silences(cluster, run.began, run.until, ("etcd",))


def _looks_for_etcd(log: Log, begin: int, end: int) -> None:
    address = log.run.options.get("etcd-servers", "").split(",")[0].partition("://")[2]
    why = log.run.mute or f"dial tcp {address}: connect: connection refused"
    for at in retries(begin, end, 10_000 * MILLISECOND, 6):
        log.plain(at, "logging.go:55", f'[core] [Channel #2 SubChannel #4]grpc: addrConn.createTransport failed to connect to {{Addr: "{address}", ServerName: "{address}", }}. Err: connection error: desc = "transport: Error while dialing: {why}"', "W")


def _objects(cluster: Cluster, log: Log) -> None:
    """Addresses given to services; kinds that quotas can count from the first object on."""
    api = cluster.world.client("journal")
    for service in api.list("Service"):
        addresses = service["spec"].get("clusterIPs") or ()
        if addresses and addresses[0] != "None":
            told = "{" + ",".join(f'"{"IPv6" if ":" in each else "IPv4"}":"{each}"' for each in addresses) + "}"
            log.plain(common.created(service), "alloc.go:329", f'"allocated clusterIPs" service="{common.full_name(service)}" clusterIPs={told}')
    for kind in _COUNTED:
        first = min(map(common.created, api.list(kind)), default=None)
        if first is not None:
            known = api.kind(kind)
            name = f"{known.plural}.{known.group}" if known.group else known.plural
            log.plain(max(first, log.run.began + 2_000 * MILLISECOND), "controller.go:667", f"quota admission added evaluator for: {name}")
