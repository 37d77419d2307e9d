"""What a webhook is sent and what it may answer. Models apiserver/pkg/admission/plugin/webhook/request."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from cluster_core.apiserver.admission.chain import Attributes
from cluster_core.apiserver.admission.policy_evaluation import request_of
from cluster_core.machinery import gofmt
from cluster_core.machinery.typed import Obj

_GROUP, _KIND = "admission.k8s.io", "AdmissionReview"
_KNOWN = ("v1", "v1beta1")
_OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}


class BadAnswer(Exception):
    """The webhook's answer is no proper one."""


class Verdict(NamedTuple):
    """A webhook's proper answer. `patch` is the decoded JSON patch, () when it changes nothing."""

    allowed: bool
    result: Mapping[str, Any]
    patch: Any = ()
    warnings: tuple[str, ...] = ()


def version_for(hook: Obj) -> str:
    """The first version of the review that both sides know. Raises BadAnswer."""
    for version in hook.get("admissionReviewVersions") or ():
        if version in _KNOWN:
            return str(version)
    raise BadAnswer("could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)")


def review(attributes: Attributes, version: str, uid: str) -> Obj:
    """The AdmissionReview of a request."""
    request = request_of(attributes)
    request |= {"uid": uid, "object": shown(attributes, attributes.obj), "oldObject": shown(attributes, attributes.old)}
    request["options"] = _options(attributes)
    for name in ("subResource", "requestSubResource", "name", "namespace"):
        if not request[name]:
            del request[name]
    return {"kind": _KIND, "apiVersion": f"{_GROUP}/{version}", "request": request}


def shown(attributes: Attributes, obj: Obj | None) -> Obj | None:
    """An object in the version of the request."""
    context = attributes.context
    if obj is None or obj.get("kind") != context.kind.name or context.api_version == context.kind.api_version:
        return obj
    return {**context.served.from_storage(obj), "apiVersion": context.api_version}


def _options(attributes: Attributes) -> Obj | None:
    name = _OPTIONS.get(attributes.operation)
    if name is None:
        return None
    context = attributes.context
    found: dict[str, Any] = {"kind": name, "apiVersion": "meta.k8s.io/v1"}
    if context.dry_run:
        found["dryRun"] = ["All"]
    if name != "DeleteOptions" and context.field_manager:
        found["fieldManager"] = context.field_manager
    return found


# ------------------------------------------------------------------------------------------------ answers


def verdict(answer: Mapping[str, Any], version: str, uid: str, mutating: bool) -> Verdict:
    """What an answer says. Raises BadAnswer."""
    response = answer.get("response")
    if not isinstance(response, dict):
        raise BadAnswer("webhook response was absent")
    if version == "v1":
        _check(answer, response, uid)
        _check_patch(response, mutating)
    result = response.get("status")
    return Verdict(
        response.get("allowed") is True,
        result if isinstance(result, dict) else {},
        _patch(response.get("patch")) if mutating else (),
        tuple(map(str, response.get("warnings") or ())),
    )


def _check(answer: Mapping[str, Any], response: Mapping[str, Any], uid: str) -> None:
    given = str(response.get("uid", ""))
    if given != uid:
        raise BadAnswer(f"expected response.uid={gofmt.quote(uid)}, got {gofmt.quote(given)}")
    want, got = f"{_GROUP}/v1, Kind={_KIND}", f"{answer.get('apiVersion', '')}, Kind={answer.get('kind', '')}"
    if want != got:
        raise BadAnswer(f"expected webhook response of {want}, got {got}")


def _check_patch(response: Mapping[str, Any], mutating: bool) -> None:
    patch, type = response.get("patch"), response.get("patchType")
    if not mutating:
        if patch:
            raise BadAnswer("validating webhook may not return response.patch")
        if type is not None:
            raise BadAnswer("validating webhook may not return response.patchType")
    elif patch and type is None:
        raise BadAnswer("webhook returned response.patch but not response.patchType")
    elif type is not None and not patch:
        raise BadAnswer("webhook returned response.patchType but not response.patch")
    elif type == "":
        raise BadAnswer('webhook returned invalid response.patchType of ""')
    elif type not in (None, "JSONPatch"):
        raise BadAnswer(f"unsupported patch type {gofmt.quote(str(type))}")


def _patch(encoded: Any) -> Any:
    if not encoded:
        return ()
    try:
        return orjson.loads(b64decode(encoded, validate=True)) or ()
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadAnswer(f"received undecodable patch in webhook response: {error}") from None
