"""Custom resources from one version to another. Models apiextensions-apiserver/pkg/apiserver/conversion: nothing but the
apiVersion changes, or a webhook converts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver import hooks
from cluster_core.machinery import errors, gofmt
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

Convert = Callable[[Obj, str], Obj]
"""(object, desired apiVersion) -> the object in that version. Raises ApiError."""
_SECONDS = 30
_KNOWN = ("v1", "v1beta1")
_GROUP, _KIND = "apiextensions.k8s.io", "ConversionReview"
_KEPT = ("name", "namespace", "uid")


class _Failed(Exception):
    """The webhook's answer is no proper one."""


def renamed(obj: Obj, api_version: str) -> Obj:
    """The strategy None."""
    return {**obj, "apiVersion": api_version}


def converter(server: ApiServer, definition: Obj) -> Convert:
    """What converts the objects of a definition."""
    conversion = definition["spec"].get("conversion") or {}
    if conversion.get("strategy") != "Webhook":
        return renamed
    webhook: Mapping[str, Any] = conversion["webhook"]

    def convert(obj: Obj, api_version: str) -> Obj:
        if obj.get("apiVersion") == api_version:
            return obj
        try:
            return _converted(server, webhook, obj, api_version)
        except (_Failed, hooks.HookError) as error:
            subject = f"{obj.get('apiVersion')}, Kind={obj.get('kind')}"
            raise errors.plain_error(f"conversion webhook for {subject} {_said(error)}") from None

    return convert


def _said(error: Exception) -> str:
    text = str(error)
    return text if text.startswith("returned ") else f"failed: {text}"


def _converted(server: ApiServer, webhook: Mapping[str, Any], obj: Obj, api_version: str) -> Obj:
    version = next((each for each in webhook.get("conversionReviewVersions") or () if each in _KNOWN), "")
    metadata = obj.get("metadata") or {}
    uid = server.world.seed.uid("conversion-review", metadata.get("uid", ""), api_version, server.storage.revision)
    request = {"uid": uid, "desiredAPIVersion": api_version, "objects": [obj]}
    review = {"kind": _KIND, "apiVersion": f"{_GROUP}/{version}", "request": request}
    answer = hooks.post(server, webhook["clientConfig"], review, _SECONDS)
    found = _object(answer, uid, version)
    _check(obj, found, api_version)
    given = found.get("metadata") or {}
    changed = {name: given[name] for name in ("labels", "annotations") if given.get(name)}
    kept = {name: value for name, value in metadata.items() if name not in ("labels", "annotations")}
    return {**found, "metadata": {**kept, **changed}}


def _object(answer: Mapping[str, Any], uid: str, version: str) -> Obj:
    """The one converted object of an answer."""
    response = answer.get("response")
    if not isinstance(response, dict):
        raise _Failed("no response provided")
    given = str(response.get("uid", ""))
    if version == "v1" and given != uid:
        raise _Failed(f"expected response.uid={gofmt.quote(uid)}, got {gofmt.quote(given)}")
    result = response.get("result") or {}
    if result.get("status") != "Success":
        raise _Failed(result.get("message") or f"response.result.status was '{result.get('status', '')}', not 'Success'")
    found = response.get("convertedObjects") or []
    if len(found) != 1 or not isinstance(found[0], dict):
        raise _Failed(f"returned {len(found)} objects, expected 1")
    obj: Obj = found[0]
    return obj


def _check(before: Obj, after: Obj, api_version: str) -> None:
    """A conversion leaves an object what it is."""
    given = str(after.get("apiVersion", ""))
    if given != api_version:
        text = f"invalid groupVersion (expected {api_version}, received {given})"
        raise _Failed(f"returned invalid object at index 0: {text}")
    if after.get("kind") != before.get("kind"):
        text = f"invalid kind (expected {before.get('kind')}, received {after.get('kind', '')})"
        raise _Failed(f"returned invalid object at index 0: {text}")
    if not isinstance(after.get("metadata"), dict):
        raise _Failed("returned invalid metadata: missing metadata in converted object")
    for name in _KEPT:
        old, new = (str((obj.get("metadata") or {}).get(name, "")) for obj in (before, after))
        if old != new:
            shown = "UID" if name == "uid" else name
            raise _Failed(f"returned invalid object: must have the same {shown}: {old} != {new}")
