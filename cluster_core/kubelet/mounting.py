"""Where a container sees its volumes: sub-paths with variables in them, and what of the machine it sees by hostPath.

Models makeMounts of pkg/kubelet/kubelet_pods.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from cluster_core.kubelet.surroundings import Missing, expand
from cluster_core.machinery.containers import PullError
from cluster_core.machinery.typed import Obj

_NAMED = re.compile(r"\$\$|\$\(([^)]*)\)")


def resolved(container: Obj, environment: Mapping[str, str]) -> Obj:
    """The container with every subPathExpr made a subPath. Raises Missing for one that leads nowhere."""
    mounts = container.get("volumeMounts", ())
    if not any(mount.get("subPathExpr") for mount in mounts):
        return container
    return {**container, "volumeMounts": [_resolved(mount, environment) for mount in mounts]}


def _resolved(mount: Obj, environment: Mapping[str, str]) -> Obj:
    expression = mount.get("subPathExpr")
    if not expression:
        return mount
    missing = sorted({name for name in _NAMED.findall(expression) if name and not environment.get(name)})
    if missing:
        raise Missing(f"missing value for {', '.join(missing)}")
    path = expand(expression, environment)
    if path.startswith("/"):
        raise Missing(f"error SubPath `{path}` must not be an absolute path")
    if ".." in path.split("/"):
        raise Missing(f"unable to provision SubPath `{path}`: must not contain '..'")
    return {**{key: value for key, value in mount.items() if key != "subPathExpr"}, "subPath": path}


def image_files(pod: Obj, container: Obj, files_of: Callable[[str], Mapping[str, str]]) -> dict[str, str]:
    """The files of images that are mounted as volumes. Raises Missing when one cannot be had."""
    images = {volume["name"]: volume["image"].get("reference", "") for volume in pod["spec"].get("volumes", ()) if "image" in volume}
    found: dict[str, str] = {}
    for mount in container.get("volumeMounts", ()):
        if images.get(mount["name"]):
            try:
                there = files_of(images[mount["name"]])
            except PullError as error:
                raise Missing(str(error)) from None
            found.update(_below(mount, {"path": ""}, there))
    return found


def mounts_host(pod: Obj) -> bool:
    """Whether something of the machine, or of an image in its store, is mounted."""
    return any("hostPath" in volume or "image" in volume for volume in pod["spec"].get("volumes", ()))


def files_of_node(
    pod: Obj, container: Obj, host: Callable[[str], Mapping[str, str]], image: Callable[[str], Mapping[str, str]]
) -> dict[str, str]:
    """Of the machine's files and those of images the ones that are mounted. Raises Missing."""
    return {**host_files(pod, container, host(pod["spec"]["nodeName"])), **image_files(pod, container, image)}


def host_files(pod: Obj, container: Obj, there: Mapping[str, str]) -> dict[str, str]:
    """The machine's files (`there`) where the container sees them."""
    roots = {volume["name"]: volume["hostPath"] for volume in pod["spec"].get("volumes", ()) if "hostPath" in volume}
    found: dict[str, str] = {}
    for mount in container.get("volumeMounts", ()):
        if mount["name"] in roots:
            found.update(_below(mount, roots[mount["name"]], there))
    return found


def _below(mount: Obj, host: Obj, there: Mapping[str, str]) -> dict[str, str]:
    root, place = host["path"].rstrip("/"), mount["mountPath"].rstrip("/")
    root += f"/{mount['subPath']}" if mount.get("subPath") else ""
    if root in there:
        return {place: there[root]}
    if host.get("type") == "FileOrCreate":
        return {place: ""}
    return {place + path[len(root) :]: text for path, text in there.items() if path.startswith(root + "/")}
