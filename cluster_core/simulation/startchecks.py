"""What a part of the control plane finds when it starts: whether its command line, its files and its neighbours let it run.

Models the options' validation of cmd/kube-{apiserver,controller-manager,scheduler} and of etcd's embed.Config.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import yaml

from cluster_core.machinery.containers import PullError
from cluster_core.machinery.typed import Obj
from cluster_core.machines import certificates, flags, manifests
from cluster_core.machines.flags import Flags
from cluster_core.machines.machine import Machine
from cluster_core.scheduler.configuration import BadConfiguration, parse
from cluster_core.simulation import clientaccess, controllernames, etcdfiles, machinefiles
from cluster_core.simulation.kubeadm.manifests import COMPONENTS
from cluster_core.simulation.nodes import CONTROL_PLANE, fleet_of, park_of
from cluster_core.simulation.options import command_of, options_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


class Verdict(NamedTuple):
    """`fault`: what it says before it ends; `mute`: what a running part says that gets nothing done."""

    fault: str = ""
    mute: str = ""


class Start(NamedTuple):
    """A part about to start: `files` are those it sees, by its own paths."""

    cluster: Cluster
    machine: Machine
    argv: Sequence[str]
    given: Flags
    files: Mapping[str, str]


def check(cluster: Cluster, component: str, argv: Sequence[str], manifest: Obj | None) -> Verdict:
    """Whether the part would run. A static pod sees what is mounted into it, a unit everything."""
    machine = park_of(cluster).get(CONTROL_PLANE)
    if machine is None:
        return Verdict()
    there = machinefiles.files(cluster, machine)
    unknown = image_problem(cluster, manifest)
    if unknown:
        return Verdict(unknown)
    if flags.program_of(argv) != component or (manifest is None and argv[0] not in there):
        return Verdict(_no_program(argv, component, manifest))
    said = flags.problem(argv)
    if said:
        return Verdict(said)
    seen = manifests.mounted(manifest, there) if manifest is not None else there
    start = Start(cluster, machine, argv, flags.pairs(argv), seen)
    missing = _missing_file(start)
    if missing:
        return Verdict(_failed(missing))
    return _CHECKS[component](start)


def image_problem(cluster: Cluster, manifest: Obj | None) -> str:
    """Why a static pod's image cannot be had."""
    try:
        if manifest is not None:
            fleet_of(cluster).workloads.find(str(manifest["spec"]["containers"][0].get("image", "")))
    except PullError as error:
        return str(error)
    return ""


def _no_program(argv: Sequence[str], component: str, manifest: Obj | None) -> str:
    name = argv[0] if argv else ""
    if manifest is None:
        return f"{component}.service: Unable to locate executable '{name}': No such file or directory"
    return f'exec: "{name}": executable file not found in $PATH'


def _failed(why: str) -> str:
    return f'"command failed" err="{why}"'


_FILE = re.compile(r".*(-file|-cafile|-certfile|-keyfile|kubeconfig|-config)|config|kubelet-client-.*|kubelet-certificate-authority|cluster-signing-.*-(cert|key)")


def _missing_file(start: Start) -> str:
    for name, value in start.given.items():
        if _FILE.fullmatch(name) and value.startswith("/") and value not in start.files:
            return f"open {value}: no such file or directory"
    return ""


def _pair(start: Start, certificate: str, key: str) -> str:
    """What is wrong with the two files that these flags name."""
    paths = start.given.get(certificate, ""), start.given.get(key, "")
    return certificates.files_problem(start.files, *paths) if all(paths) else ""


# ---------------------------------------------------------------------------------------------------- etcd


def _etcd(start: Start) -> Verdict:
    given = start.given
    damage = etcdfiles.problem(start.cluster, start.machine, etcdfiles.directory_of(given, start.machine))
    if damage:
        return Verdict(damage)
    for name in ("listen-client-urls", "advertise-client-urls", "listen-peer-urls", "initial-advertise-peer-urls"):
        problem = _bad_urls(start, name, given.get(name, ""))
        if problem:
            return Verdict(problem)
    if "listen-client-urls" in given and "advertise-client-urls" not in given:
        return Verdict('{"level":"fatal","msg":"failed to verify flags","error":"--advertise-client-urls is required when --listen-client-urls is set explicitly"}')
    member, members = given.get("name", "default"), given.get("initial-cluster", "")
    if members and member not in [part.partition("=")[0] for part in members.split(",")]:
        return Verdict(f'{{"level":"fatal","msg":"discovery failed","error":"couldn\'t find local name \\"{member}\\" in the initial cluster configuration"}}')
    for pair in (("cert-file", "key-file"), ("peer-cert-file", "peer-key-file")):
        problem = _pair(start, *pair)
        if problem:
            return Verdict(f'{{"level":"fatal","msg":"discovery failed","error":"{problem}"}}')
    return Verdict()


def _bad_urls(start: Start, name: str, text: str) -> str:
    for url in filter(None, text.split(",")):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https", "unix", "unixs"):
            return f'invalid value "{text}" for flag -{name}: URL scheme must be http, https, unix, or unixs: {url}'
        if not re.fullmatch(r".*:\d+", parts.netloc):
            return f'invalid value "{text}" for flag -{name}: URL address does not have the form "host:port": {url}'
        if name.startswith("listen") and not _is_own(start.machine, parts.hostname or ""):
            return f'{{"level":"fatal","msg":"discovery failed","error":"listen tcp {parts.netloc}: bind: cannot assign requested address"}}'
    return ""


def _is_own(machine: Machine, host: str) -> bool:
    return host in (machine.address, machine.name, "localhost", "0.0.0.0", "::") or host.startswith("127.")


# ---------------------------------------------------------------------------------------------------- kube-apiserver

ADMISSION = frozenset(
    ["AlwaysAdmit", "AlwaysDeny", "AlwaysPullImages", "CertificateApproval", "CertificateSigning", "CertificateSubjectRestriction", "ClusterTrustBundleAttest", "DefaultIngressClass", "DefaultStorageClass", "DefaultTolerationSeconds", "DenyServiceExternalIPs", "EventRateLimit", "ExtendedResourceToleration", "ImagePolicyWebhook", "JobValidation", "LimitPodHardAntiAffinityTopology", "LimitRanger", "MutatingAdmissionPolicy", "MutatingAdmissionWebhook", "NamespaceAutoProvision", "NamespaceExists", "NamespaceLifecycle", "NodeDeclaredFeatureValidator", "NodeRestriction", "OwnerReferencesPermissionEnforcement", "PersistentVolumeClaimResize", "PodGroupProtection", "PodGroupWorkloadExists", "PodNodeSelector", "PodResizeValidator", "PodSecurity", "PodTolerationRestriction", "PodTopologyLabels", "Priority", "ResourceQuota", "RuntimeClass", "ServiceAccount", "StorageObjectInUseProtection", "TaintNodesByCondition", "ValidatingAdmissionPolicy", "ValidatingAdmissionWebhook"]
)
MODES = ("AlwaysAllow", "AlwaysDeny", "ABAC", "Webhook", "RBAC", "Node")


def _apiserver(start: Start) -> Verdict:
    for step in (_bad_modes, _bad_admission, _bad_network, _bad_papers, _no_etcd):
        problem = step(start)
        if problem:
            return Verdict(_failed(problem))
    return Verdict()


def _bad_modes(start: Start) -> str:
    modes = start.given.get("authorization-mode", "AlwaysAllow").split(",")
    for mode in modes:
        if mode not in MODES:
            return f'authorization-mode \\"{mode}\\" is not a valid mode'
    if len(set(modes)) < len(modes):
        return f'authorization-mode \\"{start.given["authorization-mode"]}\\" has mode specified more than once'
    if "ABAC" in modes and not start.given.get("authorization-policy-file"):
        return "authorization-mode ABAC's authorization policy file not passed"
    return "authorization-mode Webhook's authorization config file not passed" if "Webhook" in modes and not start.given.get("authorization-webhook-config-file") else ""


def _bad_admission(start: Start) -> str:
    on, off = (set(filter(None, start.given.get(f"{verb}-admission-plugins", "").split(","))) for verb in ("enable", "disable"))
    for verb, names in (("enable", on), ("disable", off)):
        for name in sorted(names - ADMISSION):
            return f'{verb}-admission-plugins plugin \\"{name}\\" is unknown'
    both = ", ".join(sorted(on & off))
    return f"[{both}] in enable-admission-plugins and disable-admission-plugins overlapped" if both else ""


def _bad_network(start: Start) -> str:
    text = start.given.get("service-cluster-ip-range", "10.0.0.0/24")
    for part in text.split(","):
        try:
            network = ipaddress.ip_network(part, strict=False)
        except ValueError:
            return "service-cluster-ip-range[0] is not a valid cidr"
        if network.version == 4 and network.prefixlen < 8:
            return "specified --service-cluster-ip-range is too large; for 32-bit addresses, the mask must be >= 12"
    return ""


def _bad_papers(start: Start) -> str:
    for name in ("service-account-issuer", "service-account-signing-key-file"):
        if not start.given.get(name):
            return f"{name} is a required flag" if name.endswith("issuer") else "service-account-signing-key-file is a required flag"
    for pair in (("tls-cert-file", "tls-private-key-file"), ("kubelet-client-certificate", "kubelet-client-key"), ("proxy-client-cert-file", "proxy-client-key-file")):
        problem = _pair(start, *pair)
        if problem:
            return problem
    authority = start.given.get("client-ca-file", "")
    if authority and certificates.read(start.files[authority]) is None:
        return f"unable to load client CA provider: error loading {authority}: data does not contain any valid RSA or ECDSA certificates"
    return ""


def _no_etcd(start: Start) -> str:
    if not start.given.get("etcd-servers"):
        return "--etcd-servers must be specified"
    problem = _pair(start, "etcd-certfile", "etcd-keyfile") or etcd_problem(start)
    return f"problem initializing API group: Error creating leases: error creating storage factory: context deadline exceeded: {problem}" if problem else ""


def etcd_problem(start: Start) -> str:
    """Why the API server reaches none of its --etcd-servers; "" when it reaches one."""
    problems = [_etcd_unreached(start, url) for url in start.given.get("etcd-servers", "").split(",")]
    return "" if "" in problems else problems[0]


def _etcd_unreached(start: Start, url: str) -> str:
    from cluster_core.simulation.control import control_of

    parts = urlsplit(url)
    if not _is_own(start.machine, parts.hostname or ""):
        return f'transport: Error while dialing: dial tcp {parts.netloc}: connect: no route to host'
    etcd = options_of(start.cluster, "etcd")
    listening = [urlsplit(each) for each in etcd.get("listen-client-urls", "http://localhost:2379").split(",")]
    found = [each for each in listening if _meets(each.hostname or "", parts.hostname or "") and each.netloc.rpartition(":")[2] == parts.netloc.rpartition(":")[2]]
    if not found or not control_of(start.cluster).is_running("etcd"):
        return f"transport: Error while dialing: dial tcp {parts.netloc}: connect: connection refused"
    if found[0].scheme != parts.scheme:
        return "error reading server preface: EOF" if parts.scheme == "http" else "transport: authentication handshake failed: tls: first record does not look like a TLS handshake"
    return _etcd_handshake(start, etcd) if parts.scheme == "https" else ""


def _meets(listening: str, wanted: str) -> bool:
    local = ("localhost", "127.0.0.1")
    return listening == "0.0.0.0" or listening == wanted or (listening in local and wanted in local)


def _etcd_handshake(start: Start, etcd: Flags) -> str:
    """TLS both ways, with the files that both have."""
    there = clientaccess.control_files(start.cluster)
    serving, clients = there.get(etcd.get("cert-file", ""), ""), there.get(etcd.get("trusted-ca-file", ""), "")
    head = "transport: authentication handshake failed: "
    if not certificates.is_signed_by(serving, start.files.get(start.given.get("etcd-cafile", ""), "")):
        return head + certificates.UNKNOWN_AUTHORITY
    mine = start.files.get(start.given.get("etcd-certfile", ""), "")
    if etcd.get("client-cert-auth") == "true" and not certificates.is_signed_by(mine, clients):
        return head + ("remote error: tls: bad certificate" if mine else "remote error: tls: certificate required")
    return ""


def etcd_link(cluster: Cluster) -> str:
    """Why the running API server does not reach the running etcd."""
    machine = park_of(cluster).get(CONTROL_PLANE)
    if machine is None:
        return ""
    argv = command_of(cluster, "kube-apiserver")
    manifest = machine.manifests.get("kube-apiserver")
    there = machinefiles.files(cluster, machine)
    seen = manifests.mounted(manifest, there) if manifest is not None else there
    return etcd_problem(Start(cluster, machine, argv, flags.pairs(argv), seen))


# ---------------------------------------------------------------------------------------------------- its clients


def _client(start: Start, user: str) -> str:
    """Why nothing comes of a part whose --kubeconfig leads it astray. Raises _Broken."""
    path = start.given.get("kubeconfig", "")
    if not path:
        raise _Broken("invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable")
    found = clientaccess.access(start.cluster, start.files, path)
    if found.broken:
        raise _Broken(found.broken)
    if found.refused:
        return f'"Failed to contact API server" err="Get \\"https://{start.machine.address}:6443/healthz\\": {found.refused}"'
    name = found.user.name if found.user else ""
    groups = found.user.groups if found.user else ()
    if name != user and not {"system:masters", "kubeadm:cluster-admins"} & set(groups):
        return f'"Error retrieving lease lock" err="leases.coordination.k8s.io is forbidden: User \\"{name}\\" cannot get resource \\"leases\\" in API group \\"coordination.k8s.io\\" in the namespace \\"kube-system\\""'
    return ""


class _Broken(Exception):
    pass


def _controller_manager(start: Start) -> Verdict:
    from cluster_core.simulation import assembly

    try:
        mute = _client(start, "system:kube-controller-manager")
    except _Broken as error:
        return Verdict(_failed(str(error)))
    wanted = start.given.get("controllers", "*").split(",")
    stranger = controllernames.unknown(wanted, assembly.controllers())
    if stranger:
        return Verdict(_failed(f'\\"{stranger}\\" is not in the list of known controllers'))
    problem = _pair(start, "cluster-signing-cert-file", "cluster-signing-key-file")
    return Verdict(_failed(problem), "") if problem else Verdict("", mute)


def _scheduler(start: Start) -> Verdict:
    try:
        document: Any = scheduler_document(start.given, start.files)
        _configured(document)
        path = (document.get("clientConnection") or {}).get("kubeconfig") or start.given.get("kubeconfig", "")
        mute = _client(start._replace(given={**start.given, "kubeconfig": path}), "system:kube-scheduler")
    except BadConfiguration as error:
        text = str(error).replace('"', '\\"')
        return Verdict(_failed(f"initializing profiles: creating profile for scheduler name default-scheduler: {text}" if text.startswith("plugin") else text))
    except _Broken as error:
        return Verdict(_failed(str(error)))
    return Verdict("", mute)


def _configured(document: Any) -> None:
    """Raises BadConfiguration."""
    try:
        parse(document)
    except (KeyError, TypeError, AttributeError):
        raise BadConfiguration("json: cannot unmarshal into Go struct field KubeSchedulerConfiguration.profiles of type v1.KubeSchedulerProfile") from None


_FIELDS = frozenset(("apiVersion", "kind", "parallelism", "leaderElection", "clientConnection", "enableProfiling", "enableContentionProfiling", "percentageOfNodesToScore", "podInitialBackoffSeconds", "podMaxBackoffSeconds", "profiles", "extenders", "delayCacheUntilActive"))


def scheduler_document(given: Flags, files: Mapping[str, str]) -> Mapping[str, object]:
    """The KubeSchedulerConfiguration that --config names; {} without. Raises BadConfiguration."""
    path = given.get("config", "")
    if not path:
        return {}
    try:
        found = yaml.load(files[path], Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise BadConfiguration(f"yaml: line {error.problem_mark.line + 1}: {error.problem}" if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark else "yaml: cannot be parsed") from None
    if not isinstance(found, dict) or not found.get("kind"):
        raise BadConfiguration("Object 'Kind' is missing in the scheduler's configuration")
    if found["kind"] != "KubeSchedulerConfiguration":
        raise BadConfiguration(f'no kind "{found["kind"]}" is registered for version "{found.get("apiVersion")}" in scheme')
    for name in found:
        if name not in _FIELDS:
            raise BadConfiguration(f'strict decoding error: unknown field "{name}"')
    if not all(isinstance(each, dict) for each in found.get("profiles") or ()):
        raise BadConfiguration("json: cannot unmarshal into Go struct field KubeSchedulerConfiguration.profiles of type v1.KubeSchedulerProfile")
    return found


def scheduler_file(cluster: Cluster) -> Mapping[str, object]:
    """The configuration file of the scheduler that starts now."""
    machine = park_of(cluster).get(CONTROL_PLANE)
    given = options_of(cluster, "kube-scheduler")
    if machine is None or "config" not in given:
        return {}
    there = machinefiles.files(cluster, machine)
    manifest = machine.manifests.get("kube-scheduler")
    return scheduler_document(given, manifests.mounted(manifest, there) if manifest is not None else there)


_CHECKS: dict[str, Callable[[Start], Verdict]] = dict(zip(COMPONENTS, (_etcd, _apiserver, _controller_manager, _scheduler), strict=True))
