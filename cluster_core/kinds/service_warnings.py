"""What about a service is doubtful or old. Models pkg/api/service/warnings.go."""

from __future__ import annotations

from cluster_core.kinds.service_addresses import NO_ADDRESS
from cluster_core.machinery import addresses
from cluster_core.machinery.field import Path
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_HINTS, _MODE = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"


def warnings(new: Obj, old: Obj | None) -> list[str]:
    spec = new["spec"]
    headless = spec["type"] == "ClusterIP" and spec.get("clusterIP") == NO_ADDRESS
    found: list[str] = []
    if _HINTS in (new["metadata"].get("annotations") or {}):
        found.append(f"annotation {_HINTS} is deprecated, please use {_MODE} instead")
    if not headless:
        found += _ips("clusterIPs", spec)
    found += _headless(spec) if headless else []
    found += _ips("externalIPs", spec)
    if spec.get("externalIPs") and not headless and spec["type"] != "ExternalName":
        found.append("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
    if spec.get("loadBalancerIP"):
        found += addresses.ip_warnings(_SPEC / "loadBalancerIP", spec["loadBalancerIP"])
    for index, text in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        found += addresses.cidr_warnings((_SPEC / "loadBalancerSourceRanges")[index], text)
    return found + _external(spec)


def _ips(key: str, spec: Obj) -> list[str]:
    every = enumerate(spec.get(key) or ())
    return [text for index, ip in every for text in addresses.ip_warnings((_SPEC / key)[index], ip)]


def _headless(spec: Obj) -> list[str]:
    ignored = [key for key in ("loadBalancerIP", "externalIPs") if spec.get(key)]
    if spec.get("sessionAffinity") != "None":
        ignored.append("SessionAffinity")
    return [f"spec.{key} is ignored for headless services" for key in ignored]


def _external(spec: Obj) -> list[str]:
    found = []
    external = spec["type"] == "ExternalName"
    if external and spec.get("externalIPs"):
        found.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if not external and spec.get("externalName"):
        found.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    if spec.get("trafficDistribution") == "PreferClose":
        found.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
    return found
