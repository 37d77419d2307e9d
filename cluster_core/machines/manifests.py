"""Static pods' manifests as files: which directory a kubelet watches, and which pod a file describes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

from cluster_core.machines.machine import Machine
from cluster_core.machines.rendering import MANIFESTS, dump


@lru_cache(512)
def parsed(text: str) -> Any:
    """The static pod a manifest file describes, None when it is none. Shared: never to be changed."""
    try:
        found = yaml.load(text, Loader=yaml.CSafeLoader)
        whole = isinstance(found["metadata"]["name"], str) and isinstance(found["spec"]["containers"][0]["name"], str)
        return found if whole and found["kind"] == "Pod" else None
    except (yaml.YAMLError, KeyError, TypeError, IndexError, RecursionError):
        return None


def complaint(text: str) -> str:
    """Why it is none."""
    try:
        found = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        return f"yaml: line {error.problem_mark.line + 1 if error.problem_mark else 1}: {error.problem}"
    except (yaml.YAMLError, RecursionError):
        return "yaml: cannot be parsed"
    if not isinstance(found, dict) or not found.get("kind"):
        return "Object 'Kind' is missing"
    return "invalid pod" if found["kind"] == "Pod" else f'invalid pod: no kind "{found["kind"]}" is wanted here'


def directory(machine: Machine) -> str:
    """Where its kubelet looks for manifests; "" nowhere."""
    return str(machine.settings.get("staticPodPath", MANIFESTS))


def is_manifest(machine: Machine, path: str) -> bool:
    """Files in the directory itself, but for hidden ones."""
    place, _, name = path.rpartition("/")
    return bool(place) and place == directory(machine) and not name.startswith(".")


def wanted(machine: Machine, files: Mapping[str, str]) -> dict[str, Any]:
    """The pods that the files describe, by name."""
    found = {}
    for path in sorted(files):
        manifest = parsed(files[path]) if is_manifest(machine, path) else None
        if manifest is not None:
            found[manifest["metadata"]["name"]] = manifest
    return found


def path_of(machine: Machine, files: Mapping[str, str], name: str) -> str:
    """The file that describes this pod, "" when none does."""
    for path in sorted(files):
        manifest = parsed(files[path]) if is_manifest(machine, path) else None
        if manifest is not None and manifest["metadata"]["name"] == name:
            return path
    return ""


def mounted(manifest: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, str]:
    """The machine's files that the pod's first container sees, under the paths it sees them at."""
    hosts = {each["name"]: each["hostPath"]["path"] for each in manifest["spec"].get("volumes") or () if each.get("hostPath")}
    found = {}
    for mount in manifest["spec"]["containers"][0].get("volumeMounts") or ():
        host = str(hosts.get(mount.get("name"), "")).rstrip("/")
        for path, text in files.items() if host else ():
            if path == host or path.startswith(f"{host}/"):
                found[str(mount["mountPath"]).rstrip("/") + path.removeprefix(host)] = text
    return found


def host_path(manifest: Mapping[str, Any] | None, path: str) -> str:
    """Where a path of the first container lies on the machine; "" when it is the container's own."""
    if manifest is None:
        return path
    hosts = {each["name"]: each["hostPath"]["path"] for each in manifest["spec"].get("volumes") or () if each.get("hostPath")}
    for mount in manifest["spec"]["containers"][0].get("volumeMounts") or ():
        place = str(mount["mountPath"]).rstrip("/")
        if mount.get("name") in hosts and (path == place or path.startswith(f"{place}/")):
            return str(hosts[mount["name"]]).rstrip("/") + path.removeprefix(place)
    return ""


def text(manifest: Mapping[str, Any]) -> str:
    """The manifest as a file."""
    return dump(manifest)
