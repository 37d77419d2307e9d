"""What a kubelet reads when it starts: its flags and its KubeletConfiguration; and why it would not start.

Models cmd/kubelet/app/{server.go,options} and pkg/kubelet/apis/config/validation.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml

from cluster_core.machinery import eviction, quantity
from cluster_core.machines import certificates, evictions, flags, systemd
from cluster_core.machines.rendering import KUBELET_CONF, KUBELET_PKI, MANIFESTS

Settings = dict[str, Any]
"""What differs from a kubelet's usual settings: see USUAL."""

USUAL: Settings = {
    "maxPods": 110,
    "staticPodPath": MANIFESTS,
    "clusterDNS": ["10.96.0.10"],
    "clusterDomain": "cluster.local",
    "evictionHard": eviction.HARD,
    "evictionSoft": {},
    "maxPodGrace": 0,
    "minimumReclaim": {},
    "unsafeSysctls": [],
    "transition": "5m0s",
    "serial": True,
    "reserved": {},
    "labels": {},
    "taints": [],
    "nodeName": "",
    "nodeIP": "",
    "register": True,
    "anonymous": False,
    "authorization": "Webhook",
    "serving": "",
    "clientCA": "",
    "kubeconfig": KUBELET_CONF,
    "version": "",
    "bootstrapped": "",
    "certificates": KUBELET_PKI,
    "argv": [],
}
_INTEGERS = frozenset(("maxPods", "podsPerCore", "port", "readOnlyPort", "healthzPort", "maxOpenFiles", "podPidsLimit", "nodeLeaseDurationSeconds",
                        "evictionMaxPodGracePeriod"))  # fmt: skip
_LISTS = frozenset(("allowedUnsafeSysctls", "clusterDNS", "enforceNodeAllocatable", "registerWithTaints"))
_MAPS = frozenset(("evictionHard", "evictionSoft", "evictionSoftGracePeriod", "evictionMinimumReclaim", "kubeReserved", "systemReserved", "authentication", "authorization", "featureGates"))


class Started(NamedTuple):
    """How starting a kubelet went: why it ended, or what it works with."""

    fault: str = ""
    settings: Mapping[str, Any] = MappingProxyType({})


class Bad(Exception):
    """Why it gives up, as its log has it."""


def start(files: Mapping[str, str]) -> Started:
    """Start the kubelet of a machine with these files."""
    command = systemd.command(files, "kubelet")
    if command.fault:
        return Started(command.fault)
    program = command.argv[0] if command.argv else ""
    if program not in files or flags.program_of(command.argv) != "kubelet":
        return Started(f"kubelet.service: Unable to locate executable '{program}': No such file or directory")
    fault = flags.problem(command.argv)
    if fault:
        return Started(f'"command failed" err="failed to parse kubelet flag: {fault.removeprefix("Error: ")}"')
    given = flags.pairs(command.argv)
    try:
        settings = _settings(given, _config(given, files), files)
        kubeconfig, wanted = _kubeconfig(given, files), given.get("kubeconfig", "")
        settings |= {"kubeconfig": kubeconfig, "bootstrapped": wanted if kubeconfig != wanted else "", "argv": command.argv}
        settings["certificates"] = given.get("cert-dir", KUBELET_PKI)
    except Bad as error:
        return Started(f'"command failed" err="{error}"')
    return Started("", settings)


def _config(given: flags.Flags, files: Mapping[str, str]) -> dict[str, Any]:
    path = given.get("config", "")
    if not path:
        return {}
    head = f"failed to load kubelet config file, path: {path}, error: "
    if path not in files:
        raise Bad(f"{head}failed to load Kubelet config file {path}, error failed to read kubelet config file \\\"{path}\\\", error: open {path}: no such file or directory")
    try:
        found = yaml.load(files[path], Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise Bad(f"{head}failed to decode: error converting YAML to JSON: yaml: line {line}: could not find expected ':'") from None
    _check_shape(head, found)
    return dict(found)


def _check_shape(head: str, found: Any) -> None:
    if not isinstance(found, dict) or not found.get("kind"):
        raise Bad(f"{head}failed to decode: Object 'Kind' is missing")
    version, kind = found.get("apiVersion"), found["kind"]
    if (version, kind) != ("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration"):
        raise Bad(f'{head}failed to decode: no kind \\"{kind}\\" is registered for version \\"{version}\\" in scheme')
    for names, type, wanted in ((_INTEGERS, int, "int32"), (_LISTS, list, "[]string"), (_MAPS, dict, "map[string]string")):
        for name in sorted(names & found.keys()):
            value = found[name]
            if value is not None and (not isinstance(value, type) or isinstance(value, bool)):
                told = {str: "string", bool: "bool", int: "number", list: "array", dict: "object"}.get(value.__class__, "string")
                raise Bad(f"{head}failed to decode: json: cannot unmarshal {told} into Go struct field KubeletConfiguration.{name} of type {wanted}")


def _kubeconfig(given: flags.Flags, files: Mapping[str, str]) -> str:
    """Empty for a kubelet that stands alone."""
    path = given.get("kubeconfig", "")
    bootstrap = given.get("bootstrap-kubeconfig", "")
    if path and path not in files:
        if not bootstrap:
            raise Bad(f"failed to run Kubelet: invalid kubeconfig: stat {path}: no such file or directory")
        if bootstrap not in files:
            raise Bad(f"failed to run Kubelet: unable to load bootstrap kubeconfig: stat {bootstrap}: no such file or directory")
        return bootstrap
    return path


def _settings(given: flags.Flags, config: dict[str, Any], files: Mapping[str, str]) -> Settings:
    """Flags win over the file."""
    authentication = config.get("authentication") or {}
    return {
        "maxPods": int(given.get("max-pods") or config.get("maxPods") or 110),
        "staticPodPath": (given.get("pod-manifest-path") or str(config.get("staticPodPath") or "")).rstrip("/"),
        "clusterDNS": _dns(given.get("cluster-dns", ""), config),
        "clusterDomain": given.get("cluster-domain") or str(config.get("clusterDomain") or ""),
        **_evictions(given, config),
        "serial": _truth(given.get("serialize-image-pulls"), config.get("serializeImagePulls", True)),
        "reserved": _reserved(given, config),
        "unsafeSysctls": _list(given.get("allowed-unsafe-sysctls"), config.get("allowedUnsafeSysctls")),
        "labels": _labels(given.get("node-labels", "")),
        "taints": _taints(given.get("register-with-taints", ""), config),
        "nodeName": given.get("hostname-override", ""),
        "nodeIP": given.get("node-ip", ""),
        "register": str(given.get("register-node", config.get("registerNode", True))).lower() != "false",
        "anonymous": _truth(given.get("anonymous-auth"), (authentication.get("anonymous") or {}).get("enabled", False)),
        "authorization": _mode(given.get("authorization-mode") or (config.get("authorization") or {}).get("mode") or "Webhook"),
        "serving": _serving(given, config, files),
        "clientCA": _client_authority(given, authentication, files),
        **_runtime(given, config, files),
    }


def _truth(flag: str | None, otherwise: Any) -> bool:
    return str(otherwise if flag is None else flag).lower() in ("true", "t", "1")


def _list(flag: str | None, otherwise: Any) -> list[str]:
    return flag.split(",") if flag else [str(each) for each in otherwise or ()]


def _mode(mode: str) -> str:
    if mode not in ("Webhook", "AlwaysAllow"):
        raise Bad(f'failed to construct kubelet dependencies: unknown authorization mode {mode}')
    return mode


def _dns(flag: str, config: Mapping[str, Any]) -> list[str]:
    servers = flag.split(",") if flag else [str(each) for each in config.get("clusterDNS") or ()]
    for server in servers:
        try:
            ipaddress.ip_address(server)
        except ValueError:
            raise Bad(f'failed to run Kubelet: failed to create kubelet: parsing clusterDNS: invalid IP \\"{server}\\"') from None
    return servers


def _amount(name: str, text: Any) -> str:
    if re.fullmatch(r"\d+(\.\d+)?%", str(text)):
        return str(text)
    try:
        return str(quantity.parse(str(text)))
    except quantity.QuantityError:
        raise Bad(f"failed to run Kubelet: {name}: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'") from None


def _evictions(given: flags.Flags, config: Mapping[str, Any]) -> Settings:
    try:
        found = evictions.settings(given, config)
    except ValueError as error:
        raise Bad(f"failed to run Kubelet: failed to create kubelet: {error}") from None
    for amounts in (found["evictionHard"], found["minimumReclaim"]):
        amounts.update({name: _amount(name, value) for name, value in amounts.items()})
    for name, threshold in found["evictionSoft"].items():
        threshold[0] = _amount(name, threshold[0])
    return found


def _reserved(given: flags.Flags, config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Resource -> amounts kept from pods by systemReserved and kubeReserved."""
    found: dict[str, list[str]] = {}
    for flag, field in (("system-reserved", "systemReserved"), ("kube-reserved", "kubeReserved")):
        text = given.get(flag, "")
        pairs = dict(part.partition("=")[::2] for part in text.split(",")) if text else config.get(field) or {}
        for name, value in sorted(pairs.items()):
            found.setdefault(name, []).append(_amount(field, value))
    return found


def _labels(flag: str) -> dict[str, str]:
    found = {}
    for part in filter(None, flag.split(",")):
        name, equals, value = part.partition("=")
        prefix = name.partition("/")[0] if "/" in name else ""
        if prefix.endswith(("kubernetes.io", "k8s.io")) and not prefix.endswith(("node.kubernetes.io", "kubelet.kubernetes.io")) and name not in _ALLOWED_LABELS:
            raise Bad(f"failed to validate kubelet flags: unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [{name}]")
        found[name] = value if equals else ""
    return found


_ALLOWED_LABELS = frozenset(("kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os", "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
                             "beta.kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/instance-type"))  # fmt: skip


def _taints(flag: str, config: Mapping[str, Any]) -> list[dict[str, str]]:
    if not flag:
        return [{key: str(value) for key, value in taint.items()} for taint in config.get("registerWithTaints") or ()]
    found = []
    for part in flag.split(","):
        match = re.fullmatch(r"([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)", part)
        if match is None:
            raise Bad(f'failed to parse kubelet flag: invalid argument \\"{flag}\\" for \\"--register-with-taints\\" flag: invalid taint spec: {part}')
        found.append({"key": match[1], **({"value": match[2]} if match[2] else {}), "effect": match[3]})
    return found


def _serving(given: flags.Flags, config: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """The certificate that callers of the kubelet see; "": one of its own making."""
    certificate = given.get("tls-cert-file") or config.get("tlsCertFile") or ""
    key = given.get("tls-private-key-file") or config.get("tlsPrivateKeyFile") or ""
    if not certificate and not key:
        return ""
    problem = certificates.files_problem(files, str(certificate), str(key))
    if problem:
        raise Bad(f"failed to initialize kubelet server: {problem}")
    return files[str(certificate)]


def _client_authority(given: flags.Flags, authentication: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """The certificate of those whose clients it believes; "" for the cluster's own, "none" for nobody's."""
    path = given.get("client-ca-file") or str((authentication.get("x509") or {}).get("clientCAFile") or "")
    if not path:
        return "none"
    if path not in files:
        raise Bad(f"failed to construct kubelet dependencies: unable to load client CA file {path}: open {path}: no such file or directory")
    if certificates.read(files[path]) is None:
        raise Bad(f"failed to construct kubelet dependencies: unable to load client CA file {path}: data does not contain any valid RSA or ECDSA certificates")
    return files[path]


_SOCKET = re.compile(r"unix://(/(var/)?run/(containerd/containerd|crio/crio|cri-dockerd)\.sock)")


def _runtime(given: flags.Flags, config: Mapping[str, Any], files: Mapping[str, str]) -> Settings:
    endpoint = given.get("container-runtime-endpoint") or str(config.get("containerRuntimeEndpoint") or "unix:///run/containerd/containerd.sock")
    wanted = _SOCKET.fullmatch(endpoint if "://" in endpoint else f"unix://{endpoint}")
    actual = _SOCKET.search(files.get("/etc/crictl.yaml", ""))
    if wanted is None or (actual is not None and wanted[3] != actual[3]):
        path = endpoint.removeprefix("unix://")
        raise Bad(
            f'failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint \\"{endpoint}\\": rpc error: '
            f'code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial unix {path}: connect: no such file or directory\\"'
        )
    return {}
