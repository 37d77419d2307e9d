"""rbac: may somebody do something? Asked as `kubectl auth can-i` does, of the cluster's own authorizers."""

from __future__ import annotations

from typing import Any

import orjson

from cluster_core.apiserver.request import ADMIN, ApiRequest
from playground.grading.saying import Said

from .base import CheckKind, Finding, Problems, Spec, View, anything, failed, passed

_PATH = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def _who(spec: Spec) -> tuple[str, list[str]]:
    if "serviceAccount" not in spec:
        return spec.get("user", ""), [*spec.get("groups", ()), "system:authenticated"]
    namespace, _, name = spec["serviceAccount"].rpartition("/")
    place = namespace or "default"
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{place}", "system:authenticated"]
    return f"system:serviceaccount:{place}:{name}", groups


def _attributes(spec: Spec) -> dict[str, Any]:
    whole, _, subresource = spec["resource"].partition("/")
    resource, _, group = whole.partition(".")
    found = {"verb": spec["verb"], "resource": resource, "group": group, "subresource": subresource}
    found |= {"name": spec.get("name", ""), "namespace": spec.get("namespace", "default")}
    return {key: value for key, value in found.items() if value}


def evaluate(spec: Spec, view: View) -> Finding:
    user, groups = _who(spec)
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "groups": groups, "resourceAttributes": _attributes(spec)},
    }
    headers = {"content-type": "application/json"}
    answer = view.cluster.submit(ApiRequest("POST", _PATH, (), headers, orjson.dumps(review), ADMIN)).json()
    if "spec" not in answer:
        return failed(answer.get("message") or Said("the API server does not answer"))
    status = answer["status"]
    template = "%(who)s may %(verb)s %(what)s" if status["allowed"] else "%(who)s may not %(verb)s %(what)s"
    text = Said(template, who=user, verb=spec["verb"], what=spec["resource"])
    detail = {"reason": status.get("reason", "")}
    right = status["allowed"] == spec.get("allowed", True)
    return passed(text, **detail) if right else failed(Said("%(found)s, wanted the opposite", found=text), **detail)


def problems(spec: Spec) -> Problems:
    if ("user" in spec) == ("serviceAccount" in spec):
        yield [], "exactly one of user, serviceAccount is required"


CHECK = CheckKind("rbac", evaluate, anything, problems)
