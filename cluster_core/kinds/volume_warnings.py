"""Warnings about volumes: sources that are gone, files that hide each other. Models pkg/api/pod/warnings.go and
pkg/api/persistentvolumeclaim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cluster_core.apiserver.admission.serviceaccount import TOKEN_SOURCE
from cluster_core.machinery import quantity
from cluster_core.machinery.field import Path
from cluster_core.machinery.gofmt import quote
from cluster_core.machinery.typed import Obj

_GONE = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "ephemeral": "",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_NAMES = {"storageos": "storageOS"}
"""What the warning calls a source, where that is not its name."""


def volume_warnings(path: Path, volumes: Sequence[Obj]) -> Iterator[str]:
    for index, volume in enumerate(volumes):
        for key, message in _GONE.items():
            if volume.get(key) is None:
                continue
            if message:
                yield f"{path[index] / _NAMES.get(key, key)}: {message}"
            else:
                template = volume[key].get("volumeClaimTemplate") or {}
                at = path[index].child("ephemeral", "volumeClaimTemplate", "spec")
                yield from claim_warnings(at, template.get("spec") or {})
    for volume in volumes:
        yield from _overlaps(volume)


def claim_warnings(path: Path, spec: Obj) -> Iterator[str]:
    """Storage in fractions of bytes."""
    for which in ("requests", "limits"):
        amount = ((spec.get("resources") or {}).get(which) or {}).get("storage")
        if amount is not None and quantity.milli(amount) % 1000:
            at = path.child("resources", which)["storage"]
            yield f"{at}: fractional byte value {quote(amount)} is invalid, must be an integer"


# ------------------------------------------------------------------------------------------------ overlapping files


class _File(NamedTuple):
    path: str
    source: str = ""

    def __str__(self) -> str:
        return f"{quote(self.path)} ({self.source})" if self.source else quote(self.path)


def _files(items: Sequence[Obj] | None, source: str = "") -> list[_File]:
    return [_File(item.get("path", "").rstrip("/"), source) for item in items or ()]


def _clashes(files: Sequence[_File]) -> Iterator[str]:
    for index, file in enumerate(files):
        for other in files[:index] if file.path else ():
            if other.path and (_within(file, other) or _within(other, file)):
                yield f"{file} with {other}"


def _within(inner: _File, outer: _File) -> bool:
    return f"{inner.path}/".startswith(f"{outer.path}/")


def _overlaps(volume: Obj) -> Iterator[str]:
    name = quote(volume.get("name", ""))
    for key, shown, field in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
        source = volume.get(key) or {}
        for clash in _clashes(_files(source.get("items"))):
            yield f"volume {name} ({shown} {quote(source.get(field, ''))}): overlapping paths: {clash}"
    for clash in _clashes(_files((volume.get("downwardAPI") or {}).get("items"))):
        yield f"volume {name} (DownwardAPI): overlapping paths: {clash}"
    if volume.get("projected") and volume["projected"] is not TOKEN_SOURCE:
        yield from _projected(name, volume["projected"].get("sources") or ())


def _projected(name: str, sources: Sequence[Obj]) -> Iterator[str]:
    files: list[_File] = []
    for source in sources:
        if not any(one is not None for one in source.values()):
            yield f"volume {name} (Projected) has no sources provided"
            continue
        count = len(files)
        files += _projected_files(source)
        for index in range(count, len(files)):
            for other in files[:index] if files[index].path else ():
                if other.path and (_within(files[index], other) or _within(other, files[index])):
                    yield f"volume {name} (Projected): overlapping paths: {files[index]} with {other}"


def _projected_files(source: Obj) -> list[_File]:
    for key, shown in (("configMap", "ConfigMap"), ("secret", "Secret")):
        if (source.get(key) or {}).get("items"):
            return _files(source[key]["items"], f"{shown} {quote(source[key].get('name', ''))}")
    if (source.get("downwardAPI") or {}).get("items"):
        return _files(source["downwardAPI"]["items"], "DownwardAPI")
    token = source.get("serviceAccountToken")
    return [_File(token.get("path", "").rstrip("/"), "ServiceAccountToken")] if token else []
