"""What a container finds around it: environment variables and files. Models pkg/kubelet/kubelet_pods.go
(makeEnvironmentVariables) and the volume plugins for ConfigMaps, Secrets, downward API and projections."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from cluster_core.apiserver.client import Client
from cluster_core.machinery.quantity import milli
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.kubelet.work import Work


class Getter(Protocol):
    """As much of a client as it takes to look things up."""

    def get(self, kind: str, namespace: str, name: str, /) -> Obj | None: ...

    def token(self, pod: Obj, audiences: Sequence[str], seconds: int, /) -> str: ...


class Missing(Exception):
    """Something the container refers to does not exist; str() is the kubelet's message."""


class Surroundings(NamedTuple):
    """What a container finds: itself with its mounts made out, variables, files as they were when the pod began, and what was
    written to them later."""

    container: Obj
    environment: Mapping[str, str]
    files: Mapping[str, str]
    changes: Sequence[tuple[int, Mapping[str, str | None]]] = ()


def nothing(container: Obj) -> Surroundings:
    """When what is to be there cannot be told."""
    return Surroundings(container, {}, {})


def environment(api: Client, pod: Obj, container: Obj, node: Mapping[str, str]) -> dict[str, str]:
    """The container's variables. Raises Missing."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        found.update(_from_all(api, pod, source))
    for variable in container.get("env", ()):
        if "value" in variable:
            found[variable["name"]] = expand(variable["value"], found)
        elif "valueFrom" in variable:
            value = _from_one(api, pod, container, variable["valueFrom"], node)
            if value is not None:
                found[variable["name"]] = value
        else:
            found[variable["name"]] = ""
    return found


def check_user(work: Work, container: Obj) -> None:
    """Raises Missing when the container must not run as root but would. Models verifyRunAsNonRoot."""
    own, shared = container.get("securityContext", {}), work.pod["spec"].get("securityContext", {})
    if not own.get("runAsNonRoot", shared.get("runAsNonRoot", False)):
        return
    user = own.get("runAsUser", shared.get("runAsUser"))
    where = f'(pod: "{work.full_name}", container: {container["name"]})'
    if user == 0:
        raise Missing(f"container's runAsUser breaks non-root policy {where}")
    if user is None and work.fleet.workloads.find(container["image"]).user == 0:
        raise Missing(f"container has runAsNonRoot and image will run as root {where}")


_REFERENCE = re.compile(r"\$(\$|\(([^)]*)\))")


def expand(text: str, values: Mapping[str, str]) -> str:
    """$(NAME) becomes the variable's value, $$ a dollar; unknown names stay."""

    def replace(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return values.get(match[2], match[0])

    return _REFERENCE.sub(replace, text)


def data_of(kind: str, obj: Obj) -> dict[str, str]:
    """The contents of a ConfigMap or Secret as text; bytes that are none as surrogates (PEP 383)."""
    data = obj.get("data", {})
    if kind == "Secret":
        return {key: _text(value) for key, value in data.items()}
    return {**data, **{key: _text(value) for key, value in obj.get("binaryData", {}).items()}}


def _printable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode("utf-8", "surrogateescape")


def _from_all(api: Client, pod: Obj, source: Obj) -> dict[str, str]:
    for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        if key in source:
            obj = fetch(api, pod, kind, source[key])
            prefix = source.get("prefix", "")
            return {prefix + name: _printable(value) for name, value in data_of(kind, obj).items()} if obj else {}
    return {}


def fetch(api: Getter, pod: Obj, kind: str, reference: Obj) -> Obj | None:
    """The object referred to; None when it is optional and missing. Raises Missing."""
    name = reference.get("name", "")
    found = api.get(kind, pod["metadata"]["namespace"], name)
    if found is None and not reference.get("optional"):
        raise Missing(f'{kind.lower()} "{name}" not found')
    return found


def _from_one(api: Client, pod: Obj, container: Obj, source: Obj, node: Mapping[str, str]) -> str | None:
    for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if key in source:
            return _key_of(api, pod, kind, source[key])
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"]["fieldPath"], node)
    if "resourceFieldRef" in source:
        return resource_value(pod, container, source["resourceFieldRef"], node)
    return None


def _key_of(api: Client, pod: Obj, kind: str, reference: Obj) -> str | None:
    obj = fetch(api, pod, kind, reference)
    if obj is None:
        return None
    found = data_of(kind, obj).get(reference["key"])
    if found is None and not reference.get("optional"):
        where = f"{pod['metadata']['namespace']}/{reference['name']}"
        label = "ConfigMap" if kind == "ConfigMap" else "Secret"
        raise Missing(f"couldn't find key {reference['key']} in {label} {where}")
    return None if found is None else _printable(found)


def field_value(pod: Obj, path: str, node: Mapping[str, str]) -> str:
    """A downward API field."""
    match = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if match:
        return str(pod["metadata"].get(match[1], {}).get(match[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        pairs = pod["metadata"].get(path.partition(".")[2], {})
        return "\n".join(f'{key}="{value}"' for key, value in sorted(pairs.items()))
    special = {
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", "default"),
        "status.hostIP": node.get("ip", ""),
        "status.hostIPs": node.get("ip", ""),
        "status.podIP": node.get("podIP", ""),
        "status.podIPs": node.get("podIP", ""),
    }
    if path in special:
        return str(special[path])
    found: Any = pod
    for part in path.split("."):
        found = found.get(part, "") if isinstance(found, Mapping) else ""
    return str(found)


def resource_value(pod: Obj, container: Obj, reference: Obj, node: Mapping[str, str]) -> str:
    """A container's own request or limit in units of the divisor, rounded up."""
    name = reference.get("containerName")
    spec = pod["spec"]
    everything = [*spec["containers"], *spec.get("initContainers", ())]
    target = next((c for c in everything if c["name"] == name), container)
    kind, _, resource = reference["resource"].partition(".")
    amount = target.get("resources", {}).get(kind, {}).get(resource) or node.get(resource, "0")
    divisor = reference.get("divisor", "1")
    size = milli(divisor) or 1000
    return str(-(-milli(amount) // size))
