"""Files that volumes bring into containers: from ConfigMaps, Secrets, the downward API and projections of them.

Models pkg/volume/{configmap,secret,downwardapi,projected} and their FailedMount messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.apiserver.client import Client
from cluster_core.kubelet.surroundings import Getter, Missing, data_of, fetch, field_value, resource_value
from cluster_core.machinery.typed import Obj

Files = dict[str, str]
_OBJECTS = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "secretName")}
SOURCES = ("configMap", "secret", "downwardAPI", "projected")
TOKEN_VOLUME = "kube-api-access-"


def problem(api: Client, pod: Obj) -> str:
    """Why the pod's volumes cannot be mounted, "" when they can."""
    for volume in pod["spec"].get("volumes", ()):
        if any(key in volume for key in SOURCES) and not volume["name"].startswith(TOKEN_VOLUME):
            try:
                contents(api, pod, volume, {})
            except Missing as missing:
                return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {missing}'
        claim = volume.get("persistentVolumeClaim")
        if claim and _claim_problem(api, pod, claim["claimName"]):
            return _claim_problem(api, pod, claim["claimName"])
    return ""


def _claim_problem(api: Client, pod: Obj, name: str) -> str:
    claim = api.get("PersistentVolumeClaim", pod["metadata"]["namespace"], name)
    if claim is None:
        return f'persistentvolumeclaim "{name}" not found'
    return "" if claim.get("status", {}).get("phase") == "Bound" else f'PVC {pod["metadata"]["namespace"]}/{name} is not bound'


def contents(api: Getter, pod: Obj, volume: Obj, node: Mapping[str, str]) -> Files:
    """The volume's files by relative path. Raises Missing."""
    if "projected" in volume:
        found: Files = {}
        for source in volume["projected"].get("sources", ()):
            found.update(_source(api, pod, source, node))
        return found
    return _source(api, pod, volume, node)


def _source(api: Getter, pod: Obj, source: Obj, node: Mapping[str, str]) -> Files:
    for key, (kind, name) in _OBJECTS.items():
        if key in source:
            reference = {**source[key], "name": source[key].get(name) or source[key].get("name", "")}
            return _object_files(api, pod, kind, reference)
    if "downwardAPI" in source:
        return {item["path"]: _downward(pod, item, node) for item in source["downwardAPI"].get("items", ())}
    if "serviceAccountToken" in source:
        return {source["serviceAccountToken"]["path"]: _token(api, pod, source["serviceAccountToken"])}
    return {}


def _token(api: Getter, pod: Obj, projection: Obj) -> str:
    audience = projection.get("audience")
    found = api.token(pod, [audience] if audience else [], int(projection.get("expirationSeconds", 3600)))
    if not found:
        account = pod["spec"].get("serviceAccountName", "default")
        raise Missing(f'failed to fetch token: serviceaccounts "{account}" not found')
    return found


def _object_files(api: Getter, pod: Obj, kind: str, reference: Obj) -> Files:
    obj = fetch(api, pod, kind, reference)
    if obj is None:
        return {}
    data = data_of(kind, obj)
    if "items" not in reference:
        return data
    found: Files = {}
    for item in reference["items"]:
        if item["key"] in data:
            found[item["path"]] = data[item["key"]]
        elif not reference.get("optional"):
            raise Missing(f"{_label(kind)} references non-existent {_label(kind)} key: {item['key']}")
    return found


def _label(kind: str) -> str:
    return "configmap" if kind == "ConfigMap" else "secret"


def _downward(pod: Obj, item: Obj, node: Mapping[str, str]) -> str:
    if "fieldRef" in item:
        return field_value(pod, item["fieldRef"]["fieldPath"], node)
    if "resourceFieldRef" in item:
        return resource_value(pod, pod["spec"]["containers"][0], item["resourceFieldRef"], node)
    return ""


def files_of(api: Client, pod: Obj, container: Obj, node: Mapping[str, str]) -> Files:
    """Every file that mounts bring into the container, by absolute path. Raises Missing."""
    by_name = {volume["name"]: volume for volume in pod["spec"].get("volumes", ())}
    found: Files = {}
    for mount in container.get("volumeMounts", ()):
        volume: Any = by_name.get(mount["name"], {})
        if not any(key in volume for key in SOURCES):
            continue
        if mount["name"].startswith(TOKEN_VOLUME) and not (container.get("command") or container.get("args")):
            continue
        found.update(mounted(contents(api, pod, volume, node), mount))
    return found


def is_text(content: str) -> bool:
    """Whether it came from bytes that are UTF-8."""
    return content.isascii() or content.encode("utf-8", "surrogateescape").decode("utf-8", "replace") == content


def refers(volume: Obj, kind: str, name: str) -> bool:
    """Whether the volume's files come from this ConfigMap or Secret."""
    for source in (volume.get("projected") or {}).get("sources") or (volume,):
        for key, (its_kind, its_name) in _OBJECTS.items():
            if its_kind == kind and key in source and name in (source[key].get(its_name), source[key].get("name")):
                return True
    return False


def tells_of_pod(volume: Obj) -> bool:
    """Whether the volume's files come from the pod itself."""
    return any("downwardAPI" in source for source in (volume.get("projected") or {}).get("sources") or (volume,))


def mounted(files: Files, mount: Obj) -> Files:
    """The volume's files where the container sees them."""
    root = mount["mountPath"].rstrip("/")
    single = mount.get("subPath")
    if single and single in files:
        return {root: files[single]}
    if single:
        return {root + path[len(single) :]: text for path, text in files.items() if path.startswith(single + "/")}
    return {f"{root}/{path}": text for path, text in files.items()}


def service_variables(api: Client, pod: Obj) -> dict[str, str]:
    """NAME_SERVICE_HOST and _PORT of the namespace's services and of kubernetes. Models pkg/kubelet/envvars."""
    namespace = pod["metadata"]["namespace"]
    services = [api.get("Service", "default", "kubernetes")]
    if pod["spec"].get("enableServiceLinks", True):
        services += api.list("Service", namespace)
    found: dict[str, str] = {}
    for service in services:
        if service is not None:
            found.update(_of_service(service))
    return found


def _of_service(service: Obj) -> dict[str, str]:
    spec = service["spec"]
    address = spec.get("clusterIP", "")
    ports = spec.get("ports", ())
    if not address or address == "None" or not ports:
        return {}
    prefix = service["metadata"]["name"].upper().replace("-", "_")
    found = {f"{prefix}_SERVICE_HOST": address, f"{prefix}_SERVICE_PORT": str(ports[0]["port"])}
    for port in ports:
        if port.get("name"):
            found[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
        protocol = port.get("protocol", "TCP").lower()
        url = f"{protocol}://{address}:{port['port']}"
        base = f"{prefix}_PORT_{port['port']}_{protocol.upper()}"
        found.setdefault(f"{prefix}_PORT", url)
        found |= {base: url, f"{base}_PROTO": protocol, f"{base}_PORT": str(port["port"]), f"{base}_ADDR": address}
    return found
