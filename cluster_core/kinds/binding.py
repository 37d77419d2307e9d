"""Bindings: assign a pod to a node. Models BindingREST and LegacyBindingREST of pkg/registry/core/pod/storage."""

from __future__ import annotations

from cluster_core.apiserver.client import bound
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.identity import other_uid
from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.lifecycle import existing, update
from cluster_core.machinery import errors, field
from cluster_core.machinery.typed import Obj

_DONE: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def bind(context: Context, binding: Obj) -> Obj:
    """Serve pods/NAME/binding. Raises ApiError: 400, 404, 409 or, for a target that cannot be, a plain 500."""
    target = binding.get("target") or {}
    problems = _problems(target)
    if problems:
        raise errors.plain_error(field.aggregate(problems))
    pod = existing(context)
    _check(context, pod, binding["metadata"])
    now = context.server.world.clock.timestamp()
    update(context, lambda old: bound(_labelled(old, binding), target["name"], now))
    return _DONE


def _problems(target: Obj) -> field.Errors:
    problems: field.Errors = []
    if target.get("kind", "") not in ("", "Node"):
        problems.append(field.not_supported("target.kind", target["kind"], ("Node", "<empty>")))
    if not target.get("name"):
        problems.append(field.required("target.name"))
    return problems


def _check(context: Context, pod: Obj, wanted: Obj) -> None:
    metadata, name = pod["metadata"], pod["metadata"]["name"]
    if wanted.get("uid") and wanted["uid"] != metadata["uid"]:
        raise other_uid(context, wanted["uid"], metadata["uid"])
    if "deletionTimestamp" in metadata:
        cause = f"pod {name} is being deleted, cannot be assigned to a host"
    elif pod["spec"].get("nodeName"):
        cause = f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"'
    elif pod["spec"].get("schedulingGates"):
        cause = f"pod {name} has non-empty .spec.schedulingGates"
    else:
        return
    raise errors.conflict("", "pods/binding", name, cause)


def _labelled(pod: Obj, binding: Obj) -> Obj:
    """The pod with the binding's labels and annotations."""
    metadata = dict(pod["metadata"])
    for key in ("annotations", "labels"):
        if binding["metadata"].get(key):
            metadata[key] = {**metadata.get(key, {}), **binding["metadata"][key]}
    return {**pod, "metadata": metadata}


def _call(context: Context, binding: Obj) -> Obj:
    """The old way in: POST to the namespace's bindings."""
    name = binding["metadata"].get("name", "")
    if not name:
        raise errors.bad_request("Name parameter required.")
    pods = context.server.kinds.named("Pod")
    return bind(context.toward(pods, "create", context.namespace, name, "binding"), binding)


KIND = Kind(
    "Binding",
    plural="bindings",
    verbs=("create",),
    stored=False,
    call=_call,
)
