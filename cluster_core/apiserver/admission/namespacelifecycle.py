"""Nothing is created in namespaces that are missing or going away. Models apiserver/pkg/admission/plugin/namespace/lifecycle."""

from __future__ import annotations

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery import errors
from cluster_core.machinery.typed import Obj

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
_ALLOWED_WHILE_TERMINATING = frozenset({"LocalSubjectAccessReview"})


def _admit(attributes: Attributes) -> Obj | None:
    kind, operation = attributes.kind, attributes.operation
    if operation == "DELETE" and kind.name == "Namespace" and not kind.group and attributes.name in IMMORTAL:
        raise errors.forbidden("", kind.plural, attributes.name, "this namespace may not be deleted")
    if not kind.namespaced or operation in ("DELETE", "CONNECT") or kind.name in _ALLOWED_WHILE_TERMINATING:
        return attributes.obj
    kinds, storage = attributes.context.server.kinds, attributes.context.server.storage
    namespace = storage.get(kinds.named("Namespace", ""), "", attributes.namespace)
    if namespace is None:
        raise errors.not_found("", "namespaces", attributes.namespace)
    if operation == "CREATE" and namespace.get("status", {}).get("phase") == "Terminating":
        raise _terminating(attributes)
    return attributes.obj


def _terminating(attributes: Attributes) -> errors.ApiError:
    text = f"unable to create new content in namespace {attributes.namespace} because it is being terminated"
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {attributes.namespace} is being terminated",
        "field": "metadata.namespace",
    }
    return errors.forbidden(attributes.kind.group, attributes.kind.plural, attributes.name, text, [cause])


PLUGIN = Plugin("NamespaceLifecycle", admit=_admit)
