"""A StatefulSet's pods: their identity, storage and revision; making, mending and removing them.

Models pkg/controller/statefulset/stateful_set_utils.go and stateful_pod_control.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from cluster_core.controllers.claims import labels
from cluster_core.controllers.pods import from_template
from cluster_core.controllers.revisions import POD_REVISION, template_of
from cluster_core.controllers.runtime import Context
from cluster_core.controllers.statefulclaims import claim_name, create_claims, is_stale, keep_owners
from cluster_core.machinery.errors import AlreadyExists, ApiError, NotFound
from cluster_core.machinery.typed import Obj

COMPONENT = "statefulset-controller"
POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
_NAME = re.compile(r"(.*)-([0-9]+)$")


def parent_and_ordinal(name: str) -> tuple[str, int]:
    """("web", 0) of web-0; ("", -1) of what is no such name."""
    match = _NAME.match(name)
    if match is None:
        return "", -1
    ordinal = int(match[2])
    return match[1], ordinal if ordinal < 2**31 else -1


def ordinal_of(pod: Obj) -> int:
    return parent_and_ordinal(pod["metadata"]["name"])[1]


def is_member(owner: Obj, pod: Obj) -> bool:
    return parent_and_ordinal(pod["metadata"]["name"])[0] == str(owner["metadata"]["name"])


def ordinals(owner: Obj) -> range:
    start = (owner["spec"].get("ordinals") or {}).get("start", 0)
    return range(start, start + owner["spec"].get("replicas", 1))


def revision_of(pod: Obj) -> str:
    return labels(pod).get(POD_REVISION, "")


def _templates(owner: Obj) -> list[Obj]:
    found: list[Obj] = owner["spec"].get("volumeClaimTemplates") or []
    return found


def new_pod(owner: Obj, revision: Obj, ordinal: int) -> dict[str, Any]:
    """The pod of this ordinal as the revision wants it, not yet created."""
    pod = from_template(owner, template_of(revision))
    name = f"{owner['metadata']['name']}-{ordinal}"
    identity = {POD_NAME: name, POD_INDEX: str(ordinal), POD_REVISION: revision["metadata"]["name"]}
    metadata = {**pod["metadata"], "name": name, "labels": {**pod["metadata"].get("labels", {}), **identity}}
    spec = {**pod["spec"], "hostname": name}
    if owner["spec"].get("serviceName"):
        spec["subdomain"] = owner["spec"]["serviceName"]
    return _with_storage(owner, {"metadata": metadata, "spec": spec}, ordinal)


def _with_storage(owner: Obj, pod: dict[str, Any], ordinal: int) -> dict[str, Any]:
    templates = {one["metadata"]["name"]: claim_name(owner, one, ordinal) for one in _templates(owner)}
    if not templates:
        return pod
    claims = [{"name": name, "persistentVolumeClaim": {"claimName": claim}} for name, claim in templates.items()]
    others = [volume for volume in pod["spec"].get("volumes", ()) if volume["name"] not in templates]
    return {**pod, "spec": {**pod["spec"], "volumes": [*claims, *others]}}


def _identity_matches(pod: Obj) -> bool:
    return labels(pod).get(POD_NAME) == str(pod["metadata"]["name"])


def _storage_matches(owner: Obj, pod: Obj) -> bool:
    volumes = {volume["name"]: volume.get("persistentVolumeClaim", {}) for volume in pod["spec"].get("volumes", ())}
    ordinal = ordinal_of(pod)
    return all(
        volumes.get(one["metadata"]["name"], {}).get("claimName") == claim_name(owner, one, ordinal)
        for one in _templates(owner)
    )


@dataclass(slots=True)
class StatefulPods:
    """Writes pods and claims on behalf of one StatefulSet and tells so."""

    context: Context
    owner: Obj

    def _tell(self, verb: str, pod: Obj, error: ApiError | None = None) -> None:
        text = f"{verb} Pod {pod['metadata']['name']} in StatefulSet {self.owner['metadata']['name']}"
        if error is None:
            self.context.event(self.owner, "Normal", f"Successful{verb}", f"{text} successful", COMPONENT)
        else:
            message = f"{text} failed error: {error.message}"
            self.context.event(self.owner, "Warning", f"Failed{verb}", message, COMPONENT)

    def may_create(self, pod: Obj) -> bool:
        """Not while claims of an earlier pod of that name are still on their way out."""
        return not is_stale(self.context, self.owner, pod)

    def create(self, pod: Obj) -> None:
        """Create the pod's claims and then the pod. Raises ApiError, having told about it."""
        try:
            create_claims(self.context, self.owner, pod)
            made = self.context.api.create("Pod", pod)
            keep_owners(self.context, self.owner, made)
        except AlreadyExists:
            raise
        except ApiError as error:
            self._tell("Create", pod, error)
            raise
        self._tell("Create", pod)

    def create_missing_claims(self, pod: Obj) -> None:
        create_claims(self.context, self.owner, pod)
        self._keep(pod)

    def _keep(self, pod: Obj) -> bool:
        try:
            return keep_owners(self.context, self.owner, pod)
        except ApiError as error:
            self._tell("Update", pod, error)
            raise

    def keep_claims(self, pod: Obj) -> None:
        """Make the owners of the pod's claims say what the retention policy asks for."""
        self._keep(pod)

    def mend(self, pod: Obj) -> None:
        """Put the pod's identity, storage and claims right where they are not."""
        kept = self._keep(pod)
        mended = self._mended(pod)
        if mended is pod and kept:
            return
        if mended is not pod:
            create_claims(self.context, self.owner, mended)
        try:
            self.context.api.update("Pod", mended)
        except ApiError as error:
            self._tell("Update", pod, error)
            raise
        self._tell("Update", pod)

    def _mended(self, pod: Obj) -> Obj:
        name = pod["metadata"]["name"]
        if not _identity_matches(pod):
            identity = {POD_NAME: name, POD_INDEX: str(ordinal_of(pod))}
            pod = {**pod, "metadata": {**pod["metadata"], "labels": {**labels(pod), **identity}}}
        if not _storage_matches(self.owner, pod):
            pod = _with_storage(self.owner, dict(pod), ordinal_of(pod))
        return pod

    def delete(self, pod: Obj) -> None:
        metadata = pod["metadata"]
        try:
            self.context.api.delete("Pod", metadata["namespace"], metadata["name"], uid=metadata["uid"])
        except NotFound:
            pass
        except ApiError as error:
            self._tell("Delete", pod, error)
            raise
        self._tell("Delete", pod)
