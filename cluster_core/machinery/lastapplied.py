"""The annotation of client-side `kubectl apply`, as server-side apply takes it over.

Models apimachinery/pkg/util/managedfields/internal: lastappliedmanager.go and lastappliedupdater.go.
"""

from __future__ import annotations

import json
from typing import Any

from cluster_core.machinery import fieldset, gofmt, managers, structured, structured_merge
from cluster_core.machinery.fieldset import FieldSet
from cluster_core.machinery.typed import Obj, Type

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def _annotation(obj: Obj | None) -> str:
    annotations = ((obj or {}).get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(ANNOTATION) or "")


def allowed(type: Type, live: Obj | None, api_version: str) -> FieldSet | None:
    """The fields that client-side apply set and that still are as it set them; None when there is no telling."""
    text = _annotation(live)
    if not text or live is None:
        return None
    try:
        applied = json.loads(text)
    except ValueError:
        return None
    if not isinstance(applied, dict) or applied.get("apiVersion") != api_version:
        return None
    if structured_merge.problems(type, applied):
        return None
    change = structured.compare(type, applied, managers.without_entries(live))
    differing = fieldset.union(change.changed(), change.removed)
    return fieldset.difference(structured.field_set(type, applied), differing)


def synchronised(new: Obj, config: Obj) -> Obj:
    """The object with its annotation, if it has one, set to the configuration just applied."""
    if not _annotation(new):
        return new
    metadata: dict[str, Any] = dict(config.get("metadata") or {})
    if isinstance(metadata.get("annotations"), dict):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != ANNOTATION}
    text = gofmt.json_text({**config, "metadata": metadata}) + "\n"
    annotations = {**new["metadata"]["annotations"], ANNOTATION: text}
    return {**new, "metadata": {**new["metadata"], "annotations": annotations}}
