"""Bootstrap tokens, and how a machine becomes a node with one. Models cmd/kubeadm/app/{cmd/join.go,discovery,phases/bootstraptoken}."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml
from cryptography.hazmat.primitives import serialization

from cluster_core.apiserver.client import Client
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.timestamps import TimeError, any_time, parse_duration, timestamp
from cluster_core.machinery.typed import Obj
from cluster_core.machines import certificates, rendering
from cluster_core.machines.machine import Machine
from cluster_core.simulation import machinefiles, machineparts
from cluster_core.simulation.clientaccess import server_port
from cluster_core.simulation.control import control_of
from cluster_core.simulation.nodes import CONTROL_PLANE, park_of
from cluster_core.simulation.options import site_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

TYPE, PREFIX = "bootstrap.kubernetes.io/token", "bootstrap-token-"
_TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_GROUPS = "system:bootstrappers:kubeadm:default-node-token"
_TRACE = "\nTo see the stack trace of this error execute with --v=5 or higher"


class Problem(Exception):
    """What kubeadm says before it gives up; `before`: what it had said until then."""

    def __init__(self, message: str, code: int = 1, before: str = "") -> None:
        super().__init__(message)
        self.code, self.before = code, before


def _api(cluster: Cluster) -> Client:
    if cluster.server.etcd_fault:
        address = site_of(cluster).server
        raise Problem(f'Get "{address}/api/v1/namespaces/kube-system/secrets": dial tcp {address.removeprefix("https://")}: connect: connection refused{_TRACE}')
    return cluster.world.client("kubernetes-admin")


# ---------------------------------------------------------------------------------------------------- tokens


def new_token(cluster: Cluster) -> str:
    chance = cluster.seed.stream("bootstrap-token", cluster.revision)
    return f"{chance.bytes(3).hex()}.{chance.bytes(8).hex()}"


def create_token(cluster: Cluster, wanted: str, options: Mapping[str, str]) -> str:
    """Raises Problem."""
    token = wanted or new_token(cluster)
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise Problem(f'the bootstrap token "{token}" was not of the form "\\A([a-z0-9]{{6}})\\.([a-z0-9]{{16}})\\z"{_TRACE}')
    data = {
        "token-id": match[1],
        "token-secret": match[2],
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
        "auth-extra-groups": options.get("groups", _GROUPS),
    }
    if options.get("description"):
        data["description"] = options["description"]
    life = _life(options.get("ttl", "24h0m0s"))
    if life:
        data["expiration"] = timestamp(cluster.clock.now + life)
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": PREFIX + match[1], "namespace": "kube-system"}
    try:
        _api(cluster).create("Secret", {"metadata": metadata, "type": TYPE, "data": encoded})
    except ApiError as error:
        raise Problem(f"{error}{_TRACE}") from None
    return token


def _life(text: str) -> int:
    try:
        return 0 if text == "0" else parse_duration(text)
    except (ValueError, TimeError):
        raise Problem(f'invalid argument "{text}" for "--ttl" flag: time: invalid duration "{text}"{_TRACE}') from None


def _secrets(cluster: Cluster) -> list[dict[str, str]]:
    found = [each for each in _api(cluster).list("Secret", "kube-system") if each.get("type") == TYPE]
    return [{key: base64.b64decode(value).decode("utf-8", "replace") for key, value in each.get("data", {}).items()} for each in found]


def tokens(cluster: Cluster) -> list[tuple[str, ...]]:
    """(token, time to live, expiry, usages, description, groups)"""
    rows: list[tuple[str, ...]] = []
    for data in _secrets(cluster):
        left = _left(cluster, data)
        ttl = "<forever>" if left is None else "<invalid>" if left <= 0 else f"{left // 3600}h" if left >= 3600 else f"{left // 60}m"
        usages = ",".join(name for name in ("authentication", "signing") if data.get(f"usage-bootstrap-{name}") == "true")
        token = f"{data.get('token-id')}.{data.get('token-secret')}"
        rows.append((token, ttl, data.get("expiration", "<never>"), usages, data.get("description", "<none>"), data.get("auth-extra-groups", "")))
    return rows


def _left(cluster: Cluster, data: Mapping[str, str]) -> int | None:
    """Seconds until the token expires; None: never."""
    if not data.get("expiration"):
        return None
    try:
        return (any_time(data["expiration"]) - cluster.clock.now) // SECOND
    except TimeError:
        return 0


def delete_token(cluster: Cluster, word: str) -> str:
    name = word.partition(".")[0]
    try:
        _api(cluster).delete("Secret", "kube-system", PREFIX + name)
    except ApiError:
        raise Problem(f'failed to delete bootstrap token "{name}": secrets "{PREFIX}{name}" not found{_TRACE}') from None
    return f'bootstrap token "{name}" deleted\n'


def authority_hash(cluster: Cluster) -> str:
    """What --discovery-token-ca-cert-hash pins: the digest of the authority's public key."""
    certificate = certificates.read(rendering.authority_text(site_of(cluster)))
    assert certificate is not None
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return "sha256:" + hashlib.sha256(certificate.public_key().public_bytes(serialization.Encoding.DER, form)).hexdigest()


# ---------------------------------------------------------------------------------------------------- joining


def join(cluster: Cluster, machine: Machine, target: str, options: Mapping[str, str]) -> str:
    """Make the machine a node. Answers what kubeadm says. Raises Problem."""
    said = "[preflight] Running pre-flight checks\n"
    _preflight(cluster, machine, said)
    try:
        _discover(cluster, target, options)
    except Problem as error:
        raise Problem(f"error execution phase preflight: {error}{_TRACE}", before=said) from None
    name = options.get("node-name", machine.name)
    if name != machine.name:
        raise Problem(f'error execution phase preflight: here a node has its machine\'s name, "{machine.name}"{_TRACE}', before=said)
    own = rendering.node_files(machine, site_of(cluster))
    machine.files = {path: text for path, text in machine.files.items() if path not in own}
    machine.joined = True
    said += '[preflight] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...\n'
    said += write_kubelet_config(cluster, machine)
    said += '[kubelet-start] Writing kubelet environment file with flags to file "/var/lib/kubelet/kubeadm-flags.env"\n[kubelet-start] Starting the kubelet\n'
    machineparts.start_kubelet(cluster, machine)
    return said + (
        "[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap\n\nThis node has joined the cluster:\n"
        "* Certificate signing request was sent to apiserver and a response was received.\n* The Kubelet was informed of the new secure connection details.\n\n"
        "Run 'kubectl get nodes' on the control-plane to see this node join the cluster.\n"
    )


def _preflight(cluster: Cluster, machine: Machine, said: str) -> None:
    there = machinefiles.files(cluster, machine)
    taken = [path for path in (rendering.KUBELET_CONF, rendering.CA) if path in there]
    problems = [f"[ERROR FileAvailable-{path.replace('/', '-')}]: {path} already exists" for path in taken]
    if machine.kubelet:
        problems.append("[ERROR Port-10250]: Port 10250 is in use")
    if problems:
        lines = "\n\t".join(problems)
        raise Problem(f"error execution phase preflight: [preflight] Some fatal errors occurred:\n\t{lines}\n[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`{_TRACE}", before=said)


def _discover(cluster: Cluster, target: str, options: Mapping[str, str]) -> None:
    """Find the cluster at the target and be sure of it. Raises Problem."""
    token, pinned = options.get("token", ""), options.get("discovery-token-ca-cert-hash", "")
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise Problem("discovery.bootstrapToken.token: Invalid value: \"\": the bootstrap token is invalid")
    if not pinned and "discovery-token-unsafe-skip-ca-verification" not in options:
        raise Problem("discovery.bootstrapToken: Invalid value: \"\": using token-based discovery without caCertHashes can be unsafe. Set unsafeSkipCAVerification as true in your kubeadm config file or pass --discovery-token-unsafe-skip-ca-verification flag to continue")
    master = park_of(cluster).get(CONTROL_PLANE)
    hosts = (master.address, master.name) if master is not None else ()
    host, _, port = target.rpartition(":")
    if host not in hosts or port != server_port(cluster) or not control_of(cluster).is_running("kube-apiserver"):
        raise Problem(f"couldn't validate the identity of the API Server: failed to request the cluster-info ConfigMap: Get \"https://{target}/api/v1/namespaces/kube-public/configmaps/cluster-info?timeout=10s\": dial tcp {target}: connect: connection refused")
    known = next((data for data in _secrets(cluster) if data.get("token-id") == match[1]), None)
    if known is None or known.get("usage-bootstrap-signing") != "true" or (_left(cluster, known) or 1) <= 0:
        raise Problem(f"couldn't validate the identity of the API Server: could not find a JWS signature in the cluster-info ConfigMap for token ID \"{match[1]}\"")
    if known.get("token-secret") != match[2]:
        raise Problem("couldn't validate the identity of the API Server: failed to verify JWS signature of received cluster info object, can't trust this API Server")
    if pinned and pinned != authority_hash(cluster):
        raise Problem(f"couldn't validate the identity of the API Server: cluster CA found in cluster-info ConfigMap is invalid: none of the public keys \"{authority_hash(cluster)}\" are pinned")


def write_kubelet_config(cluster: Cluster, machine: Machine) -> str:
    """/var/lib/kubelet/config.yaml from the ConfigMap kubelet-config, with what is the machine's own."""
    found = _api(cluster).get("ConfigMap", "kube-system", "kubelet-config")
    if found is None:
        raise Problem(f'failed to get config map: configmaps "kubelet-config" not found{_TRACE}')
    usual = rendering.kubelet_config(machine, "kubeadm")
    text = rendering.dump({**usual, **_document(found)})
    machinefiles.write(cluster, machine, {rendering.KUBELET_CONFIG: text})
    return '[kubelet-start] Writing kubelet configuration to file "/var/lib/kubelet/config.yaml"\n'


def _document(found: Obj) -> dict[str, Any]:
    try:
        config: Any = yaml.load(found.get("data", {}).get("kubelet", ""), Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        raise Problem(f"couldn't decode the kubelet's configuration in the ConfigMap kubelet-config{_TRACE}") from None
    return config if isinstance(config, dict) else {}
