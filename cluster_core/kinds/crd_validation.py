"""What a CustomResourceDefinition may say. Models apiextensions-apiserver/pkg/apis/apiextensions/validation.

Upstream looks at the internal form: what all versions have in common is at the top (spec.validation, ...), and errors
name it there. Schemas are `crd_schema_validation`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.kinds.checks import immutable
from cluster_core.kinds.crd_internal import internal_versions
from cluster_core.kinds.crd_schema_validation import schema
from cluster_core.kinds.crd_selectable import selectable
from cluster_core.kinds.webhook_validation import client as client_config
from cluster_core.kinds.webhook_validation import review_versions
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_SPEC, _STATUS = Path("spec"), Path("status")
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = "byte,date,date-time,double,float,int32,int64,password"
_HOISTED = {
    "schema": "validation",
    "subresources": "subresources",
    "additionalPrinterColumns": "additionalPrinterColumns",
    "selectableFields": "selectableFields",
}
"""Parts of a version that move to the top of the internal form when all versions have the same."""
_APPROVED = "api-approved.kubernetes.io"
_PROTECTED = ("k8s.io", "kubernetes.io")


def definition(found: Obj) -> Errors:
    errors: Errors = []
    spec, own = found.get("spec") or {}, found["metadata"].get("name", "")
    if own and own != f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}":
        errors.append(invalid("metadata.name", own, 'must be spec.names.plural+"."+spec.group'))
    _spec(errors, spec)
    return errors + _rest(found, None)


def definition_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    _spec(errors, spec)
    fixed = [("group",), ("names", "plural")]
    if _is_established(old):
        fixed = [("scope",), ("names", "kind"), *fixed]
    for steps in fixed:
        immutable(errors, _SPEC.child(*steps), _at(spec, steps), _at(before, steps))
    return errors + _rest(new, old)


def _at(spec: Obj, steps: Sequence[str]) -> Any:
    found: Any = spec
    for step in steps:
        found = (found or {}).get(step, "")
    return found


def _is_established(found: Obj) -> bool:
    conditions = (found.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Established" and one.get("status") == "True" for one in conditions)


def _rest(found: Obj, old: Obj | None) -> Errors:
    """What is beside the spec."""
    errors: Errors = []
    _stored_versions(errors, found)
    _approval(errors, found, old)
    if (found.get("spec") or {}).get("preserveUnknownFields"):
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        )
        errors.append(invalid(_SPEC / "preserveUnknownFields", True, detail))
    return errors


def _stored_versions(errors: Errors, found: Obj) -> None:
    stored = (found.get("status") or {}).get("storedVersions") or ()
    path, versions = _STATUS / "storedVersions", (found.get("spec") or {}).get("versions") or ()
    if not stored:
        errors.append(invalid(path, None, "must have at least one stored version"))
        return
    known = [one.get("name", "") for one in versions]
    for one in versions:
        if one.get("storage") and one.get("name", "") not in stored:
            errors.append(invalid(path, list(stored), f"must have the storage version {one.get('name', '')}"))
    for index, version in enumerate(stored):
        if version not in known:
            detail = (
                f"missing from spec.versions; {version} was previously a storage version, and must remain in "
                "spec.versions until a storage migration ensures no data remains persisted in "
                f"{version} and removes {version} from status.storedVersions"
            )
            errors.append(invalid(path[index], version, detail))


def _approval(errors: Errors, found: Obj, old: Obj | None) -> None:
    group = (found.get("spec") or {}).get("group", "")
    if not any(group == one or group.endswith(f".{one}") for one in _PROTECTED):
        return
    notes = [(one["metadata"].get("annotations") or {}).get(_APPROVED, "") for one in (found, old) if one is not None]
    if len(notes) == 2 and _approval_state(notes[0]) == _approval_state(notes[1]):
        return
    path, note = Path("metadata", "annotations")[_APPROVED], notes[0]
    if not note:
        detail = (
            f'protected groups must have approval annotation "{_APPROVED}", '
            "see https://github.com/kubernetes/enhancements/pull/1111"
        )
        errors.append(required(path, detail))
    elif _approval_state(note) == "invalid":
        detail = (
            f'protected groups must have approval annotation "{_APPROVED}" with either a URL or a reason starting with '
            '"unapproved", see https://github.com/kubernetes/enhancements/pull/1111'
        )
        errors.append(invalid(path, note, detail))


def _approval_state(note: str) -> str:
    if not note:
        return "missing"
    if note.startswith("unapproved"):
        return "bypassed"
    return "approved" if re.match(r"https?://[^/]+", note) else "invalid"


# ------------------------------------------------------------------------------------------------ the spec


def hoisted(spec: Obj) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What all versions have in common, under its internal name, and the versions without that."""
    versions = [dict(one) for one in spec.get("versions") or ()]
    common: dict[str, Any] = {}
    for key, top in _HOISTED.items():
        found = [one.get(key) for one in versions]
        if found and all(one == found[0] for one in found):
            common[top] = found[0]
            for one in versions:
                one.pop(key, None)
    return common, versions


def _spec(errors: Errors, spec: Obj) -> None:
    _group(errors, spec.get("group", ""))
    scope = spec.get("scope", "")
    if not scope:
        errors.append(required(_SPEC / "scope"))
    elif scope not in ("Cluster", "Namespaced"):
        errors.append(not_supported(_SPEC / "scope", scope, ("Cluster", "Namespaced")))
    for index, one in enumerate(spec.get("versions") or ()):
        if (one.get("schema") or {}).get("openAPIV3Schema") is None:
            errors.append(required((_SPEC / "versions")[index].child("schema", "openAPIV3Schema")))
    common, versions = hoisted(spec)
    for index, one in enumerate(versions):
        _version(errors, (_SPEC / "versions")[index], one, common)
    _versions(errors, None if spec.get("versions") is None else versions)
    _names(errors, spec.get("names") or {})
    with_status = any(_has_status(one.get("subresources")) for one in (common, *versions))
    _parts(errors, _SPEC, {**common, "schema": common.get("validation")}, with_status)
    _conversion(errors, _SPEC / "conversion", spec.get("conversion") or {})


def _group(errors: Errors, group: str) -> None:
    problems = names.dns1123_subdomain(group)
    if not group:
        errors.append(required(_SPEC / "group"))
    elif problems:
        errors.append(invalid(_SPEC / "group", group, ",".join(problems)))
    elif "." not in group:
        errors.append(invalid(_SPEC / "group", group, "should be a domain with at least one dot"))


def _has_status(subresources: Obj | None) -> bool:
    return (subresources or {}).get("status") is not None


def _version(errors: Errors, path: Path, found: Obj, common: Obj) -> None:
    problems = names.dns1035_label(found.get("name", ""))
    if problems:
        errors.append(invalid(path / "name", found.get("name", ""), ",".join(problems)))
    warning = found.get("deprecationWarning")
    if warning is not None:
        details = {
            "can only be set for deprecated versions": not found.get("deprecated"),
            "must be <= 256 characters long": names.length(warning) > 256,
            "must not be an empty string": not warning,
        }
        errors.extend(invalid(path / "deprecationWarning", warning, text) for text, wrong in details.items() if wrong)
    subresources = common["subresources"] if "subresources" in common else found.get("subresources")
    _parts(errors, path, found, _has_status(subresources))


def _parts(errors: Errors, path: Path, found: Obj, with_status: bool) -> None:
    """A version's own parts, or those of all versions at the top."""
    shown = path / ("validation" if path is _SPEC else "schema")
    openapi = (found.get("schema") or {}).get("openAPIV3Schema")
    if openapi is not None:
        schema(errors, shown / "openAPIV3Schema", openapi, with_status=with_status)
    _scale(errors, path / "subresources", (found.get("subresources") or {}).get("scale"))
    for index, column in enumerate(found.get("additionalPrinterColumns") or ()):
        _column(errors, (path / "additionalPrinterColumns")[index], column)
    selectable(errors, path / "selectableFields", found.get("selectableFields") or (), openapi)


def _versions(errors: Errors, versions: Sequence[Obj] | None) -> None:
    path, known = _SPEC / "versions", [one.get("name", "") for one in versions or ()]
    shown = None if versions is None else internal_versions(versions)
    if len(set(known)) < len(known):
        errors.append(invalid(path, shown, "must contain unique version names"))
    if sum(bool(one.get("storage")) for one in versions or ()) != 1:
        errors.append(invalid(path, shown, "must have exactly one version marked as storage version"))
    if known and known[0] and names.dns1035_label(known[0]):
        errors.append(invalid(_SPEC / "version", known[0], ",".join(names.dns1035_label(known[0]))))


def _names(errors: Errors, found: Mapping[str, Any]) -> None:
    path = _SPEC / "names"
    errors.extend(required(path / key) for key in ("plural", "singular", "kind", "listKind") if not found.get(key))
    for key in ("plural", "singular", "kind", "listKind"):
        text = found.get(key) or ""
        problems = names.dns1035_label(text.lower() if key.endswith("ind") else text) if text else []
        if problems:
            mixed = "may have mixed case, but should otherwise match: " if key.endswith("ind") else ""
            errors.append(invalid(path / key, text, mixed + ",".join(problems)))
    if found.get("kind") and found.get("kind") == found.get("listKind"):
        errors.append(invalid(path / "listKind", found["listKind"], "kind and listKind may not be the same"))
    for key in ("shortNames", "categories"):
        for index, text in enumerate(found.get(key) or ()):
            problems = names.dns1035_label(text)
            if problems:
                errors.append(invalid((path / key)[index], text, ",".join(problems)))


# ------------------------------------------------------------------------------------------------ columns, scale, conversion


def _json_path(errors: Errors, path: Path, text: str, below: tuple[str, ...] = ()) -> None:
    if not text.startswith("."):
        errors.append(invalid(path, text, "must be a simple json path starting with ."))
    elif below and not text.startswith(below):
        roots = [one.rstrip(".") for one in below]
        shown = roots[0] if len(roots) == 1 else f"either {' or '.join(roots)}"
        errors.append(invalid(path, text, f"should be a json path under {shown}"))


def _scale(errors: Errors, path: Path, scale: Obj | None) -> None:
    if scale is None:
        return
    for key, root in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        if scale.get(key):
            _json_path(errors, path.child("scale", key), scale[key], (root,))
        else:
            errors.append(required(path.child("scale", key)))
    if scale.get("labelSelectorPath"):
        at = path.child("scale", "labelSelectorPath")
        _json_path(errors, at, scale["labelSelectorPath"], (".spec.", ".status."))


def _column(errors: Errors, path: Path, column: Obj) -> None:
    kind, detail = column.get("type", ""), f"must be one of {','.join(_COLUMN_TYPES)}"
    if not column.get("name"):
        errors.append(required(path / "name"))
    if not kind:
        errors.append(required(path / "type", detail))
    elif kind not in _COLUMN_TYPES:
        errors.append(invalid(path / "type", kind, detail))
    if column.get("format") and column["format"] not in _COLUMN_FORMATS.split(","):
        errors.append(invalid(path / "format", column["format"], f"must be one of {_COLUMN_FORMATS}"))
    if column.get("jsonPath"):
        _json_path(errors, path / "JSONPath", column["jsonPath"])
    else:
        errors.append(required(path / "JSONPath"))


def _conversion(errors: Errors, path: Path, found: Obj) -> None:
    strategy, webhook = found.get("strategy", ""), found.get("webhook") or {}
    client, reviews = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or ()
    if not strategy:
        errors.append(required(path / "strategy"))
    elif strategy not in ("None", "Webhook"):
        errors.append(not_supported(path / "strategy", strategy, ("None", "Webhook")))
    if strategy != "Webhook":
        detail = "should not be set when strategy is not set to Webhook"
        given = (("webhookClientConfig", client), ("conversionReviewVersions", reviews))
        errors.extend(forbidden(path / key, detail) for key, value in given if value)
        return
    if client is None:
        errors.append(required(path / "webhookClientConfig", "required when strategy is set to Webhook"))
    else:
        client_config(errors, path / "webhookClientConfig", client)
    review_versions(errors, path / "conversionReviewVersions", reviews)
