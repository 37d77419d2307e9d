"""What the programs answer that are webhooks: agnhost's two, and the controllers of well-known projects.

Models test/images/agnhost/webhook and crd-conversion-webhook. The others stand for software whose judgement is not simulated:
they find nothing wrong with anything, so that what a chart installs does not lock its cluster.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from cluster_core.machinery.typed import Obj
from cluster_core.network.trace import OWN_CERTIFICATE, Call, Response

ALLOWING = ("cert-manager-webhook", "gatekeeper", "kyverno", "kube-webhook-certgen", "linkerd-proxy-injector", "pilot",
            "metallb-controller", "prometheus-operator", "kueue", "cluster-autoscaler", "vpa-admission-controller", "keda-admission-webhooks",
            "cloudnative-pg", "kubevirt", "tekton-webhook", "knative-webhook")  # fmt: skip
"""Images, by their last name, whose webhooks let everything pass."""
_UNWANTED = "webhook-e2e-test"
_DENIED: Obj = {"allowed": False}
_ALLOWED: Obj = {"allowed": True}

Judge = Callable[[Obj, str], Obj]
"""(the review's request, the sidecar's image) -> the response."""


def _refused(**status: Any) -> Obj:
    return {"allowed": False, "status": {"metadata": {}, **status}}


def _patched(operations: Sequence[Obj]) -> Obj:
    if not operations:
        return _ALLOWED
    return {"allowed": True, "patchType": "JSONPatch", "patch": b64encode(orjson.dumps(list(operations))).decode()}


def _add(path: str, value: Any, op: str = "add") -> Obj:
    return {"op": op, "path": path, "value": value}


def _judged(request: Obj) -> Obj:
    """The object it is about: the one that goes, when one is deleted."""
    found: Obj = request.get("oldObject" if request.get("operation") == "DELETE" else "object") or {}
    return found


def _labels(obj: Obj) -> Mapping[str, str]:
    found: Mapping[str, str] = (obj.get("metadata") or {}).get("labels") or {}
    return found


# ------------------------------------------------------------------------------------------------ agnhost webhook


def _always_deny(request: Obj, sidecar: str) -> Obj:
    return _refused(message="this webhook denies all requests")


def _add_label(request: Obj, sidecar: str) -> Obj:
    labels = _labels(_judged(request))
    if not labels:
        return _patched([_add("/metadata/labels", {"added-label": "yes"})])
    given = labels.get("added-label")
    if given == "yes":
        return _ALLOWED
    return _patched([_add("/metadata/labels/added-label", "yes", "add" if given is None else "replace")])


def _pods(request: Obj, sidecar: str) -> Obj:
    pod, said = _judged(request), []
    if _labels(pod).get(_UNWANTED) == "webhook-disallow":
        said.append("the pod contains unwanted label;")
    for container in (pod.get("spec") or {}).get("containers") or ():
        if "webhook-disallow" in container["name"]:
            said.append("the pod contains unwanted container name;")
    return _refused(message=" ".join(said)) if said else _ALLOWED


def _attaching(request: Obj, sidecar: str) -> Obj:
    options = request.get("object") or {}
    if request.get("name") != "to-be-attached-pod" or not options.get("stdin") or options.get("container") != "container1":
        return _ALLOWED
    return _refused(message="attaching to pod 'to-be-attached-pod' is not allowed")


def _has(containers: Any, name: str) -> bool:
    return any(each["name"] == name for each in containers or ())


def _mutating_pods(request: Obj, sidecar: str) -> Obj:
    pod, name = _judged(request), "webhook-added-init-container"
    if pod.get("metadata", {}).get("name") != "webhook-to-be-mutated" or _has(pod["spec"].get("initContainers"), name):
        return _ALLOWED
    return _patched([_add("/spec/initContainers", [{"image": "webhook-added-image", "name": name, "resources": {}}])])


def _sidecar(request: Obj, sidecar: str) -> Obj:
    if not sidecar:
        return _refused(status="Failure", message="No image specified by the sidecar-image parameter", code=500)
    name = "webhook-added-sidecar"
    if _has(_judged(request)["spec"]["containers"], name):
        return _ALLOWED
    return _patched([_add("/spec/containers/-", {"image": sidecar, "name": name, "resources": {}})])


def _data_judge(what: str, deletion: str) -> Judge:
    """Refuses objects whose data say so, in words for the kind."""

    def judge(request: Obj, sidecar: str) -> Obj:
        given, operation = (_judged(request).get("data") or {}).get(_UNWANTED), request.get("operation")
        if given == "webhook-disallow" and operation in ("CREATE", "UPDATE"):
            return _refused(reason=what)
        if given == "webhook-nondeletable" and operation == "DELETE":
            return _refused(reason=deletion)
        return _ALLOWED

    return judge


def _stages(request: Obj, sidecar: str) -> Obj:
    """Two changes of data, the second made when the first is seen."""
    data = _judged(request).get("data") or {}
    if data.get("mutation-stage-1") == "yes":
        return _patched([_add("/data/mutation-stage-2", "yes")])
    return _patched([_add("/data/mutation-stage-1", "yes")] if data.get("mutation-start") == "yes" else [])


def _crd(request: Obj, sidecar: str) -> Obj:
    unwanted = _labels(_judged(request)).get(_UNWANTED) == "webhook-disallow"
    return _refused(message="the crd contains unwanted label") if unwanted else _ALLOWED


def _slowly(request: Obj, sidecar: str) -> Obj:
    return {"allowed": True, "status": {"metadata": {}, "message": "this webhook allows all requests"}}


_DELETION = "cannot be deleted because it contains unwanted key and value"
_JUDGES: dict[str, Judge] = {
    "/always-allow-delay-5s": _slowly,
    "/always-deny": _always_deny,
    "/add-label": _add_label,
    "/pods": _pods,
    "/pods/attach": _attaching,
    "/mutating-pods": _mutating_pods,
    "/mutating-pods-sidecar": _sidecar,
    "/configmaps": _data_judge("the configmap contains unwanted key and value", f"the configmap {_DELETION}"),
    "/mutating-configmaps": _stages,
    "/custom-resource": _data_judge("the custom resource contains unwanted data", f"the custom resource {_DELETION}"),
    "/mutating-custom-resource": _stages,
    "/crd": _crd,
}
_SLOW = {"/always-allow-delay-5s": 5.0}
"""Seconds that a path takes."""
_FOREVER = 1e9


def agnhost(call: Call, certificate: str, sidecar: str) -> Response:
    """The face "webhook"."""
    if call.plain == "/readyz":
        return Response(200, "ok", certificate=certificate)
    judge, review = _JUDGES.get(call.plain), _body(call)
    if judge is None:
        return Response(404, "404 page not found\n", certificate=certificate)
    if review is None:
        return Response(400, "Request could not be decoded\n", certificate=certificate)
    told = _reviewed(review, judge(review["request"], sidecar))
    return told._replace(certificate=certificate, seconds=_seconds(call.plain, review["request"]))


def _seconds(path: str, request: Obj) -> float:
    """How long the answer takes: about a pod that says so there is none."""
    if path == "/pods" and _labels(_judged(request)).get(_UNWANTED) == "wait-forever":
        return _FOREVER
    return _SLOW.get(path, 0.0)


def _body(call: Call) -> Obj | None:
    try:
        found = orjson.loads(call.body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("request"), dict) else None


def _reviewed(review: Obj, response: Obj) -> Response:
    """The review with the response to its request, both kinds of reviews."""
    response = {"uid": review["request"].get("uid", ""), **response}
    told = {"kind": review.get("kind"), "apiVersion": review.get("apiVersion"), "response": response}
    return Response(200, orjson.dumps(told).decode(), "application/json")


def allowing(call: Call) -> Response | None:
    """What a controller of a well-known project answers; None when it is asked something else."""
    review = _body(call)
    if review is None or review.get("kind") not in ("AdmissionReview", "ConversionReview"):
        return None
    return _reviewed(review, _ALLOWED)._replace(certificate=OWN_CERTIFICATE)


def ingress_nginx(call: Call, certificate: str, others: Callable[[], Sequence[Obj]]) -> Response | None:
    """ingress-nginx' own: no two Ingresses of a class may have the same path of the same host. `others`: all there are."""
    review = _body(call)
    if review is None:
        return None
    taken = _taken(review["request"], others()) if review["request"].get("operation") != "DELETE" else ""
    told = _reviewed(review, _refused(message=taken, code=400) if taken else _ALLOWED)
    return told._replace(certificate=certificate or OWN_CERTIFICATE)


def _taken(request: Obj, others: Sequence[Obj]) -> str:
    """Which of the paths are somebody else's already."""
    mine = request.get("object") or {}
    wanted, me = set(_doors(mine)), (request.get("namespace"), (mine.get("metadata") or {}).get("name"))
    for other in others:
        metadata = other["metadata"]
        same = other["spec"].get("ingressClassName") == (mine.get("spec") or {}).get("ingressClassName")
        for host, path in _doors(other) if same and me != (metadata["namespace"], metadata["name"]) else ():
            if (host, path) in wanted:
                return f'host "{host or "_"}" and path "{path}" is already defined in ingress {metadata["namespace"]}/{metadata["name"]}'
    return ""


def _doors(ingress: Obj) -> list[tuple[str, str]]:
    """(host, path) of its rules."""
    rules = (ingress.get("spec") or {}).get("rules") or ()
    return [(rule.get("host", ""), path.get("path") or "/") for rule in rules for path in (rule.get("http") or {}).get("paths") or ()]


# ------------------------------------------------------------------------------------------------ agnhost crd-conversion-webhook


def conversion(call: Call, certificate: str) -> Response:
    """The face "crd-conversion-webhook": hostPort of v1 is host and port in v2."""
    if call.plain == "/readyz":
        return Response(200, "ok", certificate=certificate)
    if call.plain != "/crdconvert":
        return Response(404, "404 page not found\n", certificate=certificate)
    review = _body(call)
    if review is None:
        return Response(400, "failed to deserialize body\n", certificate=certificate)
    return _reviewed(review, _converted(review["request"]))._replace(certificate=certificate)


def _converted(request: Obj) -> Obj:
    wanted, found = str(request.get("desiredAPIVersion", "")), []
    for obj in request.get("objects") or ():
        problem, new = _convert(obj, wanted)
        if problem:
            return {"result": {"metadata": {}, "status": "Failure", "message": problem}, "convertedObjects": []}
        found.append({**new, "apiVersion": wanted})
    return {"result": {"metadata": {}, "status": "Success"}, "convertedObjects": found}


_EXAMPLE = "stable.example.com"


def _convert(obj: Obj, wanted: str) -> tuple[str, Obj]:
    """(problem, object)."""
    before = str(obj.get("apiVersion", ""))
    if before == wanted:
        return f"conversion from a version to itself should not call the webhook: {wanted}", obj
    if (before, wanted) == (f"{_EXAMPLE}/v1", f"{_EXAMPLE}/v2"):
        return _split(obj)
    if (before, wanted) == (f"{_EXAMPLE}/v2", f"{_EXAMPLE}/v1"):
        return "", _joined(obj)
    known = before in (f"{_EXAMPLE}/v1", f"{_EXAMPLE}/v2")
    return f'unexpected conversion version "{wanted if known else before}"', obj


def _split(obj: Obj) -> tuple[str, Obj]:
    if "hostPort" not in obj:
        return "", obj
    parts = str(obj["hostPort"]).split(":")
    if len(parts) != 2:
        return f"invalid hostPort value `{obj['hostPort']}`", obj
    rest = {name: value for name, value in obj.items() if name != "hostPort"}
    return "", {**rest, "host": parts[0], "port": parts[1]}


def _joined(obj: Obj) -> Obj:
    if "host" not in obj and "port" not in obj:
        return obj
    rest = {name: value for name, value in obj.items() if name not in ("host", "port")}
    return {**rest, "hostPort": f"{obj.get('host', '')}:{obj.get('port', '')}"}
