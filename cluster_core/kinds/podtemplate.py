"""Pod templates on their own. Models pkg/registry/core/podtemplate."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import NAME
from cluster_core.kinds.columns import container_columns, labels_text
from cluster_core.kinds.pod_warnings import template_warnings
from cluster_core.kinds.podspec_defaults import default_template
from cluster_core.kinds.template_validation import template as check_template
from cluster_core.machinery.field import Errors, Path
from cluster_core.machinery.typed import Obj


def default(template: Obj) -> Obj:
    return {**template, "template": default_template(template.get("template") or {})}


def validate(template: Obj) -> Errors:
    errors: Errors = []
    check_template(errors, Path("template"), template["template"])
    return errors


def warnings(new: Obj, old: Obj | None) -> list[str]:
    if old is not None and new["metadata"].get("generation") == old["metadata"].get("generation"):
        return []
    return template_warnings(Path("template"), new["template"])


COLUMNS = (
    NAME,
    *container_columns(lambda obj: obj["template"].get("spec", {}).get("containers") or (), priority=0),
    Column(
        "Pod Labels",
        lambda obj, now: labels_text((obj["template"].get("metadata") or {}).get("labels")),
        description="The labels for the pod template.",
    ),
)

KIND = Kind(
    "PodTemplate",
    plural="podtemplates",
    returns_deleted=True,
    default=default,
    validate=validate,
    validate_update=lambda new, old: validate(new),
    warnings=warnings,
    columns=COLUMNS,
    generation=True,
)
