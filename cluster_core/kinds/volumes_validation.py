"""The volumes of a pod. Models ValidateVolumes of pkg/apis/core/validation.

Returns the well-formed volumes, because only those may be mounted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cluster_core.apiserver.admission.serviceaccount import TOKEN_SOURCE
from cluster_core.kinds.checks import file_mode, free_path, named, needed
from cluster_core.kinds.claim_validation import claim_template
from cluster_core.kinds.env_validation import downward_file
from cluster_core.kinds.security_validation import pull_policy
from cluster_core.kinds.volume_sources import SOURCES, Check
from cluster_core.machinery import names, quantity
from cluster_core.machinery.field import Errors, Path, duplicate, forbidden, invalid, required
from cluster_core.machinery.typed import Obj

_ONE = "may not specify more than 1 volume type"
_PATHS_TOO_MANY = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}
"""What upstream calls a source when it is one too many."""
_TOKEN_LOW, _TOKEN_HIGH = 600, 1 << 32
_PORTAL_LENGTH = 64


class Owner(NamedTuple):
    """What of the pod its volumes depend on: its name ("" in a template) and whether it is a pod at all."""

    name: str
    is_pod: bool


def volumes(errors: Errors, path: Path, found: Sequence[Obj], owner: Owner) -> Mapping[str, Obj]:
    """Check spec.volumes; answers those without errors by name."""
    good: dict[str, Obj] = {}
    created = {f"{owner.name}-{one.get('name', '')}" for one in found if one.get("ephemeral") and owner.name}
    for index, volume in enumerate(found):
        problems: Errors = []
        wanted = volume.get("name", "")
        _source(problems, path[index], volume, owner)
        named(problems, path[index] / "name", wanted, names.dns1123_label)
        if wanted in good:
            problems.append(duplicate(path[index] / "name", wanted))
        if problems:
            errors.extend(problems)
        else:
            good[wanted] = volume
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim is not None and claim in created:
            detail = "must not reference a PVC that gets created for an ephemeral volume"
            errors.append(invalid(path[index].child("persistentVolumeClaim", "claimName"), claim, detail))
    return good


def _source(errors: Errors, path: Path, volume: Obj, owner: Owner) -> None:
    """Exactly one source. Upstream goes through them in a fixed order and reports all but the first."""
    kinds = [key for key in ORDER if volume.get(key) is not None]
    for key in kinds[1:]:
        errors.append(forbidden(path / _PATHS_TOO_MANY.get(key, key), _ONE))
    if not kinds:
        errors.append(required(path, "must specify a volume type"))
        return
    problems: Errors = []
    _checked(problems, path, volume, (kinds[0], owner))
    errors[:0] = problems
    if "iscsi" in kinds:
        _portal_length(errors, path, volume)


def _checked(errors: Errors, path: Path, volume: Obj, what: tuple[str, Owner]) -> None:
    key, owner = what
    source = volume[key]
    if key == "ephemeral":
        _ephemeral(errors, path, volume, owner)
    elif key == "image":
        if owner.is_pod and not source.get("reference"):
            errors.append(required(path.child("image", "reference")))
        pull_policy(errors, path.child("image", "pullPolicy"), source.get("pullPolicy"))
    else:
        _CHECKS[key](errors, path / ("persistentDisk" if key == "gcePersistentDisk" else key), source)


def _portal_length(errors: Errors, path: Path, volume: Obj) -> None:
    iscsi = volume["iscsi"]
    whole = f"{volume.get('name', '')}:{iscsi.get('targetPortal', '')}"
    if iscsi.get("initiatorName") is not None and names.length(whole) > _PORTAL_LENGTH:
        detail = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "
        errors.append(invalid(path / "name", volume.get("name", ""), f"{detail}iscsi.initiatorName is specified."))


def _ephemeral(errors: Errors, path: Path, volume: Obj, owner: Owner) -> None:
    template = volume["ephemeral"].get("volumeClaimTemplate")
    at = path.child("ephemeral", "volumeClaimTemplate")
    if template is None:
        errors.append(required(at))
    else:
        claim_template(errors, at, template)
    wanted = volume.get("name", "")
    if owner.name and wanted:
        claim = f"{owner.name}-{wanted}"
        for message in names.dns1123_subdomain(claim):
            errors.append(invalid(path / "name", wanted, f'PVC name "{claim}": {message}'))


def _empty_dir(errors: Errors, path: Path, source: Obj) -> None:
    limit = source.get("sizeLimit")
    if limit is not None and quantity.parse(limit).sign() < 0:
        errors.append(forbidden(path / "sizeLimit", "SizeLimit field must be a valid resource quantity"))


def _items(errors: Errors, path: Path, items: Sequence[Obj]) -> None:
    """KeyToPath items of config maps and secrets."""
    for index, item in enumerate(items):
        needed(errors, item, path[index], "key", "path")
        free_path(errors, path[index] / "path", item.get("path", ""))
        file_mode(errors, path[index] / "mode", item.get("mode"))


def _of_object(key: str) -> Check:
    """A volume made from a config map or secret, named by `key`."""

    def check(errors: Errors, path: Path, source: Obj) -> None:
        needed(errors, source, path, key)
        file_mode(errors, path / "defaultMode", source.get("defaultMode"))
        _items(errors, path / "items", source.get("items") or ())

    return check


def _downward(errors: Errors, path: Path, source: Obj) -> None:
    file_mode(errors, path / "defaultMode", source.get("defaultMode"))
    for file in source.get("items") or ():
        downward_file(errors, path, file)


# ------------------------------------------------------------------------------------------------ projected


class _Paths:
    """Files that are already taken in a projected volume."""

    def __init__(self, errors: Errors, path: Path) -> None:
        self.errors, self.path = errors, path
        self.taken: set[str] = set()

    def take(self, target: str, shown: str) -> None:
        if target in self.taken:
            self.errors.append(invalid(self.path, shown, "conflicting duplicate paths"))
        self.taken.add(target)


def _projected(errors: Errors, path: Path, source: Obj) -> None:
    if source is not TOKEN_SOURCE:  # that one is known to be well
        _projected_sources(errors, path, source)


def _projected_sources(errors: Errors, path: Path, source: Obj) -> None:
    file_mode(errors, path / "defaultMode", source.get("defaultMode"))
    paths = _Paths(errors, path)
    for index, projection in enumerate(source.get("sources") or ()):
        at = (path / "sources")[index]
        for key in ("secret", "configMap"):
            if projection.get(key) is not None:
                _projected_object(errors, at / key, projection[key], paths)
        for file in (projection.get("downwardAPI") or {}).get("items") or ():
            downward_file(errors, at / "downwardAPI", file)
            if file.get("path"):
                paths.take(file["path"], file["path"])
        if projection.get("serviceAccountToken") is not None:
            _token(errors, path, at / "serviceAccountToken", projection["serviceAccountToken"])
        if sum(one is not None for one in projection.values()) > 1:
            errors.append(forbidden(at, "may not specify more than 1 volume type per source"))


def _projected_object(errors: Errors, path: Path, source: Obj, paths: _Paths) -> None:
    needed(errors, source, path, "name")
    for index, item in enumerate(source.get("items") or ()):
        at = (path / "items")[index]
        needed(errors, item, at, "key", "path")
        free_path(errors, at / "path", item.get("path", ""))
        file_mode(errors, at / "mode", item.get("mode"))
        if item.get("path"):
            paths.take(item["path"], source.get("name", ""))


def _token(errors: Errors, path: Path, at: Path, token: Obj) -> None:
    """Upstream tells a token's path at the volume, not at the source."""
    seconds, target = token.get("expirationSeconds", 0), token.get("path", "")
    if seconds < _TOKEN_LOW:
        detail = "may not specify a duration less than 10 minutes"
        errors.append(invalid(at / "expirationSeconds", seconds, detail))
    if seconds > _TOKEN_HIGH:
        detail = "may not specify a duration larger than 2^32 seconds"
        errors.append(invalid(at / "expirationSeconds", seconds, detail))
    if not target:
        errors.append(required(path / "path"))
    else:
        free_path(errors, path / "path", target)


_CHECKS: Mapping[str, Check] = {
    **SOURCES,
    "emptyDir": _empty_dir,
    "secret": _of_object("secretName"),
    "configMap": _of_object("name"),
    "downwardAPI": _downward,
    "projected": _projected,
}
ORDER = (
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
)

