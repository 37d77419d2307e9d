"""The token subresource of service accounts. Models pkg/registry/core/serviceaccount/storage/token.go."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.objectmeta import seconds_from
from cluster_core.machinery import errors, field
from cluster_core.machinery.typed import Obj

GROUP = "authentication.k8s.io"
_SHORTEST, _LONGEST = 600, 1 << 32
_DEFAULT = 3600
_SECONDS = field.Path("spec").child("expirationSeconds")


def create(context: Context, account: Obj, request: Obj | None) -> Obj:
    """The TokenRequest with its token."""
    request = request or {}
    metadata = _metadata(context, account, request.get("metadata") or {})
    spec = _spec(context, request.get("spec") or {})
    bound = _bound(context, account, spec.get("boundObjectRef"))
    token = _token(context, account, spec, bound)
    now = context.server.world.clock.now
    status = {"token": token, "expirationTimestamp": seconds_from(now, spec["expirationSeconds"])}
    head = {"kind": "TokenRequest", "apiVersion": f"{GROUP}/v1"}
    return {**head, "metadata": metadata, "spec": spec, "status": status}


def _metadata(context: Context, account: Obj, given: Obj) -> Obj:
    owner = account["metadata"]
    for key, label in (("name", "name"), ("namespace", "namespace")):
        if given.get(key) and given[key] != owner[key]:
            path = field.Path("metadata").child(key)
            problem = field.invalid(path, given[key], f"must match the service account {label} if specified")
            raise errors.invalid(GROUP, "TokenRequest", owner["name"], [problem])
    if given.get("uid") and given["uid"] != owner["uid"]:
        text = f"the UID in the token request ({given['uid']}) does not match the UID of the service account ({owner['uid']})"
        raise errors.conflict(GROUP, "TokenRequest", owner["name"], text)
    time = context.server.world.clock.timestamp()
    named = {"name": owner["name"], "namespace": owner["namespace"], "uid": owner["uid"]}
    entry = {
        "manager": context.field_manager,
        "operation": "Update",
        "apiVersion": f"{GROUP}/v1",
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:expirationSeconds": {}}},
        "subresource": "token",
    }
    return {**given, **named, "creationTimestamp": time, "managedFields": [entry]}


def _spec(context: Context, given: Obj) -> dict[str, Any]:
    seconds = given.get("expirationSeconds")
    seconds = _DEFAULT if seconds is None else seconds
    problems = []
    if seconds < _SHORTEST:
        problems.append(field.invalid(_SECONDS, seconds, "may not specify a duration less than 10 minutes"))
    if seconds > _LONGEST:
        problems.append(field.invalid(_SECONDS, seconds, "may not specify a duration larger than 2^32 seconds"))
    if problems:
        raise errors.invalid(GROUP, "TokenRequest", "", problems)
    audiences = given.get("audiences") or context.server.tokens.audiences
    return {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": given.get("boundObjectRef")}


def _bound(context: Context, account: Obj, reference: Obj | None) -> dict[str, Obj]:
    """What the token dies with: {"pod": ...}, {"secret": ...} or {"node": ...}."""
    if not reference:
        return {}
    kind, name = reference.get("kind", ""), reference.get("name", "")
    version = reference.get("apiVersion", "v1")
    if version != "v1" or kind not in ("Pod", "Secret", "Node"):
        raise errors.bad_request(f"cannot bind token to object of type {_gvk_text(version, kind)}")
    server, namespace = context.server, account["metadata"]["namespace"]
    found = server.storage.get(server.kinds.named(kind, ""), "" if kind == "Node" else namespace, name)
    if found is None:
        raise errors.not_found("", f"{kind.lower()}s", name)
    if reference.get("uid") and reference["uid"] != found["metadata"]["uid"]:
        text = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise errors.conflict("", kind, name, text)
    return _of_pod(context, account, found) if kind == "Pod" else {kind.lower(): found}


def _gvk_text(version: str, kind: str) -> str:
    group, slash, rest = version.rpartition("/")
    return f"{group if slash else ''}/{rest}, Kind={kind}"


def _of_pod(context: Context, account: Obj, pod: Obj) -> dict[str, Obj]:
    name = account["metadata"]["name"]
    if pod["spec"].get("serviceAccountName") != name:
        text = f'cannot bind token for serviceaccount "{name}" to pod running with different serviceaccount name.'
        raise errors.bad_request(text)
    node = pod["spec"].get("nodeName")
    if not node:
        return {"pod": pod}
    server = context.server
    found = server.storage.get(server.kinds.named("Node", ""), "", node)
    return {"pod": pod, "node": found or {"metadata": {"name": node}}}


def _token(context: Context, account: Obj, spec: dict[str, Any], bound: dict[str, Obj]) -> str:
    tokens, seconds = context.server.tokens, spec["expirationSeconds"]
    if "pod" in bound:
        seconds = tokens.lifetime(seconds, spec["audiences"])
    return tokens.issue(account, bound, seconds, list(spec["audiences"]))
