"""`kubectl apply -f`, done here: per document look, then create or patch through the cluster's own API.

Models k8s.io/kubectl/pkg/cmd/apply (client-side apply with its last-applied annotation, so that kubectl can take over).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from cluster_core.apiserver import schema
from cluster_core.apiserver.request import ADMIN, ApiRequest, ApiResponse
from cluster_core.machinery import gofmt
from cluster_core.machinery.typed import Obj, Type
from playground.engine.port import Engine, EngineError

from .documents import MAX_DOCUMENTS, Document, split
from .threeway import three_way_patch

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
_MANAGER = ("fieldManager", "kubectl-client-side-apply")
_STRICT = ("fieldValidation", "Strict")
_TRIES = 5
_STRATEGIC = "application/strategic-merge-patch+json"
_MERGE = "application/merge-patch+json"
Result = dict[str, Any]


class Refused(Exception):
    """What the API server, or kubectl before it, says against a document."""

    def __init__(self, message: str, code: int = 400, causes: Any = ()) -> None:
        super().__init__(message)
        self.code, self.causes = code, list(causes)


async def apply(
    *, engine: Engine, cluster: str, text: str, dry_run: bool = False, objects: bool = False
) -> list[Result]:
    """One result per document, in order; one that fails does not stop the others. Raises EngineError.

    With `objects` each result shows the object before ("live", None when new) and after ("merged"), as kubectl diff would.
    """
    documents = split(text)
    if len(documents) > MAX_DOCUMENTS:
        raise EngineError(f"more than {MAX_DOCUMENTS} documents", 413)
    run = _Run(engine, cluster, dry_run, objects)
    await run.ask("GET", "/version")  # an unknown cluster is one refusal, not one per document
    return [await run.result(index, document) for index, document in enumerate(documents)]


@dataclass
class _Run:
    engine: Engine
    cluster: str
    dry_run: bool
    objects: bool
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def result(self, index: int, document: Document) -> Result:
        obj = document.obj or {}
        metadata = obj.get("metadata") if isinstance(obj.get("metadata"), dict) else {}
        result: Result = {
            "index": index,
            "line": document.line,
            "kind": str(obj.get("kind", "")),
            "namespace": str((metadata or {}).get("namespace", "")),
            "name": str((metadata or {}).get("name", "")),
        }
        try:
            if document.problem:
                raise Refused(document.problem)
            return result | await self._apply(obj)
        except Refused as refused:
            told = {"status": "error", "message": str(refused), "code": refused.code}
            return result | told | {"causes": refused.causes}

    async def _apply(self, obj: Obj) -> Result:
        path, wanted = await self._place(obj)
        name = wanted["metadata"]["name"]
        for _ in range(_TRIES):
            found = await self.ask("GET", f"{path}/{name}")
            if found.status == 404:
                answer = await self._create(path, wanted)
            else:
                answer = await self._patch(f"{path}/{name}", wanted, _checked(found).json())
            if answer is None or answer.status != 409:
                break
        status = "unchanged" if answer is None else "created" if answer.status == 201 else "configured"
        warnings = list(_checked(answer).warnings) if answer is not None else []
        shown = _shown(found, answer) if self.objects else {}
        return shown | {
            "namespace": wanted["metadata"].get("namespace", ""),
            "status": status,
            "message": "",
            "warnings": warnings,
        }

    async def _create(self, path: str, wanted: Obj) -> ApiResponse:
        return await self.ask("POST", path, orjson.dumps(annotated(wanted)), "application/json")

    async def _patch(self, path: str, wanted: Obj, current: Obj) -> ApiResponse | None:
        """None when nothing is to be changed."""
        type = _type_of(wanted)
        applied = (current["metadata"].get("annotations") or {}).get(ANNOTATION)
        patch = three_way_patch(_loaded(applied), annotated(wanted), current, type)
        if not patch:
            return None
        media = _STRATEGIC if type else _MERGE
        return await self.ask("PATCH", path, orjson.dumps(patch), media)

    async def _place(self, obj: Obj) -> tuple[str, dict[str, Any]]:
        """(path of the collection, the object with its namespace)."""
        version, kind, metadata = _identity(obj)
        resource = await self._resource(version, kind)
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if not resource["namespaced"]:
            return f"{root}/{resource['name']}", {**obj, "metadata": metadata}
        namespace = metadata.get("namespace") or "default"
        whole = {**obj, "metadata": {**metadata, "namespace": namespace}}
        return f"{root}/namespaces/{namespace}/{resource['name']}", whole

    async def _resource(self, version: str, kind: str) -> dict[str, Any]:
        if version not in self.resources:
            root = f"/apis/{version}" if "/" in version else f"/api/{version}"
            answer = await self.ask("GET", root)
            listed = answer.json().get("resources", ()) if answer.status == 200 else ()
            self.resources[version] = {entry["kind"]: entry for entry in listed if "/" not in entry["name"]}
        found = self.resources[version].get(kind)
        if found is None:
            hint = "\nensure CRDs are installed first"
            raise Refused(f'no matches for kind "{kind}" in version "{version}"{hint}', 404)
        return dict(found)

    async def ask(self, method: str, path: str, body: bytes = b"", content_type: str = "") -> ApiResponse:
        changes = method != "GET"
        query = (_MANAGER, _STRICT) if changes else ()
        if changes and self.dry_run:
            query = (*query, ("dryRun", "All"))
        headers = {"accept": "application/json", "user-agent": "kubectl-client-side-apply/playground"}
        if content_type:
            headers["content-type"] = content_type
        request = ApiRequest(method, path, query, headers, body, ADMIN)
        return await self.engine.request(self.cluster, request)


def _shown(found: ApiResponse, answer: ApiResponse | None) -> Result:
    live = found.json() if found.status == 200 else None
    return {"live": live, "merged": live if answer is None else answer.json()}


def _identity(obj: Obj) -> tuple[str, str, dict[str, Any]]:
    version, kind, metadata = obj.get("apiVersion"), obj.get("kind"), obj.get("metadata")
    if not isinstance(kind, str) or not kind:
        raise Refused("Object 'Kind' is missing")
    if not isinstance(version, str) or not version:
        raise Refused("Object 'apiVersion' is missing")
    if not isinstance(metadata, dict):
        raise Refused("error when retrieving current configuration: metadata must be an object")
    name, namespace = metadata.get("name"), metadata.get("namespace", "")
    if not name and metadata.get("generateName"):
        raise Refused(f"from {metadata['generateName']}: cannot use generate name with apply")
    if not isinstance(name, str) or not name:
        raise Refused("resource name may not be empty")
    if "/" in name or not isinstance(namespace, str) or "/" in namespace or "/" in kind or version.count("/") > 1:
        raise Refused("invalid resource name or namespace")
    return version, kind, metadata


def _checked(answer: ApiResponse) -> ApiResponse:
    """Raises Refused with the server's own words."""
    if answer.status < 400:
        return answer
    status = answer.json()
    causes = (status.get("details") or {}).get("causes", ())
    raise Refused(status.get("message", ""), answer.status, causes)


def annotated(obj: Obj) -> dict[str, Any]:
    """The object with itself in the last-applied annotation, as kubectl writes it."""
    metadata = obj["metadata"]
    annotations = metadata.get("annotations")
    others = (
        {key: value for key, value in annotations.items() if key != ANNOTATION} if isinstance(annotations, dict) else {}
    )
    itself = gofmt.json_text({**obj, "metadata": {**metadata, "annotations": others}}) + "\n"
    return {**obj, "metadata": {**metadata, "annotations": {**others, ANNOTATION: itself}}}


def _loaded(applied: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(applied or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _type_of(obj: Obj) -> Type | None:
    group, _, version = obj["apiVersion"].rpartition("/")
    try:
        return schema.type_of(group, version, obj["kind"])
    except KeyError:
        return None
