#!/usr/bin/env python3
"""Derive what the API server's internal Go types look like from a Kubernetes source tree.

    derive_internal_types.py /path/to/kubernetes > cluster_core/apiserver/data/internal_types.json

Some messages print a value of an internal type: every field in the order of the struct, under its Go name. The output is
facts only: {"core.PodSpec": [[Go name, JSON name, type], ...]}; an embedded struct has no names. Types are written as
Go writes them with the internal package's name, basic types by their kind. Kept: what is reachable from the ROOTS.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
from collections.abc import Iterator

GROUPS = {
    "core": ("pkg/apis/core", "core/v1"),
    "apps": ("pkg/apis/apps", "apps/v1"),
    "batch": ("pkg/apis/batch", "batch/v1"),
    "autoscaling": ("pkg/apis/autoscaling", "autoscaling/v2"),
    "policy": ("pkg/apis/policy", "policy/v1"),
    "networking": ("pkg/apis/networking", "networking/v1"),
    "discovery": ("pkg/apis/discovery", "discovery/v1"),
    "rbac": ("pkg/apis/rbac", "rbac/v1"),
    "storage": ("pkg/apis/storage", "storage/v1"),
    "node": ("pkg/apis/node", "node/v1"),
    "scheduling": ("pkg/apis/scheduling", "scheduling/v1"),
    "certificates": ("pkg/apis/certificates", "certificates/v1"),
    "flowcontrol": ("pkg/apis/flowcontrol", "flowcontrol/v1"),
    "resource": ("pkg/apis/resource", "resource/v1"),
    "admissionregistration": ("pkg/apis/admissionregistration", "admissionregistration/v1"),
}
ROOTS = (
    "core.Pod",
    "core.PodTemplateSpec",
    "core.EphemeralContainer",
    "core.Service",
    "core.PersistentVolume",
    "core.PersistentVolumeClaim",
    "core.Node",
    "core.Event",
    "core.ResourceQuota",
    "apps.Deployment",
    "apps.DaemonSet",
    "apps.StatefulSet",
    "batch.Job",
    "batch.CronJob",
    "autoscaling.HorizontalPodAutoscaler",
    "policy.PodDisruptionBudget",
    "networking.Ingress",
    "networking.IngressClass",
    "networking.NetworkPolicy",
    "networking.IPAddress",
    "networking.ServiceCIDR",
    "discovery.EndpointSlice",
    "rbac.RoleBinding",
    "rbac.ClusterRoleBinding",
    "rbac.ClusterRole",
    "storage.StorageClass",
    "storage.VolumeAttachment",
    "storage.CSIDriver",
    "storage.CSINode",
    "storage.CSIStorageCapacity",
    "node.RuntimeClass",
    "certificates.CertificateSigningRequest",
    "flowcontrol.FlowSchema",
    "flowcontrol.PriorityLevelConfiguration",
    "resource.ResourceClaim",
    "resource.ResourceClaimTemplate",
    "resource.ResourceSlice",
    "resource.DeviceClass",
    "admissionregistration.ValidatingAdmissionPolicy",
    "admissionregistration.ValidatingAdmissionPolicyBinding",
    "admissionregistration.MutatingAdmissionPolicy",
    "admissionregistration.ValidatingWebhookConfiguration",
)
BASIC = {"string", "bool", "byte", "int", "int8", "int16", "int32", "int64", "uint32", "uint64", "float64"}
ALIASES = {"api": "core", "v1": "core", "apiv1": "core", "k8s_api": "core"}
Struct = list[list[str]]


def read_structs(text: str) -> tuple[dict[str, Struct], dict[str, str]]:
    """(structs, named other types) of one Go file; fields are [Go name, JSON name or "", type]."""
    text = re.sub(r"//.*|/\*.*?\*/", "", text)
    named = dict(re.findall(r"^type (\w+) ((?:map\[|\[\]|\*)*[\w.]+(?:\[[\w.]+\][\w.]+)?)$", text, re.MULTILINE))
    structs = {}
    for name, body in re.findall(r"^type (\w+) struct \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
        structs[name] = [field for line in body.splitlines() for field in read_field(line)]
    return structs, named


def read_field(line: str) -> Iterator[list[str]]:
    match = re.match(r"\s+(?:(\w+(?:, \w+)*)\s+)?((?:\*|\[\]|map\[[^\]]+\])*[\w.]+)\s*(?:`(.*)`)?\s*$", line)
    if not match:
        return
    tag = re.search(r'json:"([^",]*)', match[3] or "")
    for name in (match[1] or "").split(", "):
        yield [name, tag[1] if tag else "", match[2]]


def load(folder: pathlib.Path) -> tuple[dict[str, Struct], dict[str, str]]:
    structs: dict[str, Struct] = {}
    named: dict[str, str] = {}
    for path in sorted(folder.glob("*types*.go")) + sorted(folder.glob("doc.go")):
        found, others = read_structs(path.read_text())
        structs.update(found)
        named.update(others)
    return structs, named


class Sources:
    def __init__(self, root: pathlib.Path) -> None:
        self.structs: dict[str, Struct] = {}
        self.named: dict[str, str] = {}
        for package, (inner, outer) in GROUPS.items():
            structs, named = load(root / inner)
            versioned, _ = load(root / "staging/src/k8s.io/api" / outer)
            for name, fields in structs.items():
                tags = {field[0]: field[1] for field in versioned.get(name, ())}
                self.structs[f"{package}.{name}"] = [self._field(package, field, tags) for field in fields]
            self.named.update({f"{package}.{name}": self._qualified(package, type) for name, type in named.items()})
        meta, _ = load(root / "staging/src/k8s.io/apimachinery/pkg/apis/meta/v1")
        for name in ("LabelSelector", "LabelSelectorRequirement", "ObjectMeta", "OwnerReference", "Condition"):
            self.structs[f"metav1.{name}"] = [
                [field[1], field[1], self._qualified("metav1", field[2])] for field in meta[name] if field[1]
            ]

    def _field(self, package: str, field: list[str], tags: dict[str, str]) -> list[str]:
        name, _, type = field
        tag = tags.get(name) or (name[:1].lower() + name[1:])
        return [name, tag if name else "", self._qualified(package, type)]

    def _qualified(self, package: str, type: str) -> str:
        prefix, base = re.fullmatch(r"((?:\*|\[\]|map\[[^\]]+\])*)(.*)", type).groups()  # type: ignore[union-attr]
        prefix = re.sub(r"map\[[^\]]+\]", "map", prefix)
        if base not in BASIC and "." not in base:
            base = f"{package}.{base}"
        where, dot, name = base.partition(".")
        return prefix + (f"{ALIASES.get(where, where)}{dot}{name}" if dot else base)

    def resolve(self, type: str) -> str:
        """A named type that is no struct becomes what it is made of."""
        prefix, base = re.fullmatch(r"((?:\*|\[\]|map)*)(.*)", type).groups()  # type: ignore[union-attr]
        return self.resolve(prefix + self.named[base]) if base in self.named else type

    def reachable(self) -> dict[str, Struct]:
        found: dict[str, Struct] = {}
        waiting = list(ROOTS)
        while waiting:
            name = waiting.pop()
            if name in found or name not in self.structs:
                continue
            fields = [[go, tag, self.resolve(type)] for go, tag, type in self.structs[name]]
            found[name] = [field for field in fields if field[2] != "metav1.TypeMeta"]
            waiting += [re.sub(r"^(?:\*|\[\]|map)*", "", field[2]) for field in fields]
        return dict(sorted(found.items()))


if __name__ == "__main__":
    lines = (f" {json.dumps(name)}: {json.dumps(fields)}" for name, fields in Sources(pathlib.Path(sys.argv[1])).reachable().items())
    print("{\n" + ",\n".join(lines) + "\n}")
