"""Environment variables and the downward API. Models those parts of pkg/apis/core/validation."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.kinds.checks import free_path, label_key, name, named, no_backsteps
from cluster_core.machinery import names, quantity
from cluster_core.machinery.field import Errors, Path, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_FIELDS_OF_ENV = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_FIELDS_OF_FILES = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
_FIELDS = frozenset(
    {
        *_FIELDS_OF_ENV,
        *_FIELDS_OF_FILES,
        "spec.restartPolicy",
        "spec.schedulerName",
        "status.phase",
        "spec.host",
    }
)
_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_HUGE_PAGES = ("requests.hugepages-", "limits.hugepages-")
_BYTES = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_DIVISORS = {
    "cpu": (("1m", "1"), "cpu", "1m and 1"),
    "memory": (_BYTES, "memory", ", ".join(_BYTES)),
    "ephemeral-storage": (_BYTES, "local ephemeral storage", ", ".join(_BYTES)),
    "hugepages": (_BYTES, "hugepages", ", ".join(_BYTES)),
}
_ONE_OF = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
_MANY = "may not have more than one field specified at a time"


def env(errors: Errors, path: Path, variables: Sequence[Obj]) -> None:
    for index, variable in enumerate(variables):
        wanted = variable.get("name", "")
        if not (wanted.isascii() and wanted.isidentifier()):
            named(errors, path[index] / "name", wanted, names.relaxed_env_var_name)
        source = variable.get("valueFrom")
        if source is not None:
            _value_from(errors, path[index] / "valueFrom", source, variable.get("value", ""))


def _value_from(errors: Errors, path: Path, source: Obj, value: str) -> None:
    if source.get("fieldRef") is not None:
        field_ref(errors, path / "fieldRef", source["fieldRef"], _FIELDS_OF_ENV)
    if source.get("resourceFieldRef") is not None:
        resource_ref(errors, path / "resourceFieldRef", source["resourceFieldRef"], volume=False)
    for key in ("configMapKeyRef", "secretKeyRef"):
        if source.get(key) is not None:
            _key_ref(errors, path / key, source[key])
    if source.get("fileKeyRef") is not None:
        _file_ref(errors, path / "fileKeyRef", source["fileKeyRef"])
    _one_source(errors, path, source, value)


def _one_source(errors: Errors, path: Path, source: Obj, value: str) -> None:
    count = sum(one is not None for one in source.values())
    if not count:
        errors.append(invalid(path, "", _ONE_OF))
    elif value:
        errors.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif count > 1:
        errors.append(invalid(path, "", _MANY))


def _key_ref(errors: Errors, path: Path, reference: Obj) -> None:
    name(errors, path / "name", reference.get("name", ""), names.dns1123_subdomain)
    named(errors, path / "key", reference.get("key", ""), names.config_map_key)


def _file_ref(errors: Errors, path: Path, reference: Obj) -> None:
    named(errors, path / "key", reference.get("key", ""), names.relaxed_env_var_name)
    named(errors, path / "volumeName", reference.get("volumeName", ""), names.dns1123_label)
    if not reference.get("path"):
        errors.append(required(path / "path"))
    else:
        no_backsteps(errors, path / "path", reference["path"])


def env_from(errors: Errors, path: Path, sources: Sequence[Obj]) -> None:
    for index, source in enumerate(sources):
        if source.get("prefix"):
            name(errors, path[index] / "prefix", source["prefix"], names.relaxed_env_var_name)
        kinds = [key for key in ("configMapRef", "secretRef") if source.get(key) is not None]
        for key in kinds:
            wanted = source[key].get("name", "")
            # Upstream checks these names as prefixes, which may end in a dash.
            named(errors, path[index] / key / "name", wanted, prefix_subdomain)
        if not kinds:
            errors.append(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(kinds) > 1:
            errors.append(invalid(path, "", _MANY))


def prefix_subdomain(text: str) -> list[str]:
    """A subdomain to which something will be added: a last dash is masked, as maskTrailingDash does."""
    return names.dns1123_subdomain(text[:-2] + "a" if len(text) > 1 and text.endswith("-") else text)


# ------------------------------------------------------------------------------------------------ downward API


def field_ref(errors: Errors, path: Path, reference: Obj, known: Sequence[str]) -> None:
    """An ObjectFieldSelector; `known` are the paths without subscript it may name."""
    for key in ("apiVersion", "fieldPath"):
        if not reference.get(key):
            errors.append(required(path / key))
            return
    wanted = reference["fieldPath"]
    problem = _label_problem(reference["apiVersion"], wanted)
    if problem:
        errors.append(invalid(path / "fieldPath", wanted, f"error converting fieldPath: {problem}"))
        return
    base, subscript = split_subscript(wanted)
    if subscript is not None:
        label_key(errors, path, subscript.lower() if base == "metadata.annotations" else subscript)
        return
    base = "spec.nodeName" if base == "spec.host" else base
    if base not in known:
        errors.append(not_supported(path / "fieldPath", base, known))


def _label_problem(version: str, label: str) -> str:
    if version != "v1":
        return f"unsupported pod version: {version}"
    base, subscript = split_subscript(label)
    if subscript is not None:
        known = base in ("metadata.annotations", "metadata.labels")
        return "" if known else f"field label does not support subscript: {label}"
    return "" if label in _FIELDS else f"field label not supported: {label}"


def split_subscript(path: str) -> tuple[str, str | None]:
    """ "metadata.labels['a']" is ("metadata.labels", "a"); None without a subscript."""
    if not path.endswith("']"):
        return path, None
    base, found, subscript = path.removesuffix("']").partition("['")
    return (base, subscript) if found and base else (path, None)


def resource_ref(errors: Errors, path: Path, reference: Obj, *, volume: bool) -> None:
    """A ResourceFieldSelector; in a volume it must name its container."""
    wanted = reference.get("resource", "")
    if volume and not reference.get("containerName"):
        errors.append(required(path / "containerName"))
    elif not wanted:
        errors.append(required(path / "resource"))
    elif wanted not in _RESOURCES and not wanted.startswith(_HUGE_PAGES):
        errors.append(not_supported(path / "resource", wanted, _RESOURCES))
    _divisor(errors, path / "divisor", wanted, reference.get("divisor", "0"))


def _divisor(errors: Errors, path: Path, resource: str, divisor: str) -> None:
    if quantity.parse(divisor).is_zero():
        return
    kind = "hugepages" if resource.startswith(_HUGE_PAGES) else resource.partition(".")[2]
    allowed, what, listed = _DIVISORS.get(kind, ((divisor,), "", ""))
    if divisor not in allowed:
        errors.append(invalid(path, resource, f"only divisor's values {listed} are supported with the {what} resource"))


def downward_file(errors: Errors, path: Path, file: Obj) -> None:
    """A file of a downward API volume; errors are told at the volume, as upstream."""
    target = file.get("path", "")
    if not target:
        errors.append(required(path / "path"))
    free_path(errors, path / "path", target)
    if file.get("fieldRef") is not None:
        field_ref(errors, path / "fieldRef", file["fieldRef"], _FIELDS_OF_FILES)
        if file.get("resourceFieldRef") is not None:
            detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
            errors.append(invalid(path, "resource", detail))
    elif file.get("resourceFieldRef") is not None:
        resource_ref(errors, path / "resourceFieldRef", file["resourceFieldRef"], volume=True)
    else:
        errors.append(required(path, "one of fieldRef and resourceFieldRef is required"))
