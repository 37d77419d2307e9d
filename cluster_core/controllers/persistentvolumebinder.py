"""Bring claims and volumes together. Models pkg/controller/volume/persistentvolume/pv_controller.go.

Keys: "namespace/name" is a claim, "name" a volume, PENDING all claims that wait for a volume. The real controller looks at
everything again every 15 seconds; here whatever could help a waiting claim leads to a look at those that wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.events import reference
from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers import volumereclaim, volumes
from cluster_core.controllers.pods import is_ended
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.controllers.volumereclaim import COMPONENT, set_volume_phase
from cluster_core.machinery.typed import Obj

NAME = "persistentvolume-binder"
PENDING = "?"
_LOOK = 0.05
"""Seconds to gather changes before all waiting claims are looked at."""


def reconcile(context: Context, key: str) -> float | None:
    if key == PENDING:
        _wake_waiting(context)
        return None
    namespace, name = split_key(key)
    if not namespace:
        volume = context.api.get("PersistentVolume", "", name)
        if volume is not None:
            _sync_volume(context, volume)
        return None
    claim = context.api.get("PersistentVolumeClaim", namespace, name)
    if claim is not None:
        (_sync_bound if volumes.BIND_COMPLETED in volumes.notes(claim) else _sync_unbound)(context, claim)
    return None


def _wake_waiting(context: Context) -> None:
    for claim in context.api.list("PersistentVolumeClaim"):
        if volumes.BIND_COMPLETED not in volumes.notes(claim):
            context.world.agenda.soon(f"controller/{NAME}", object_key(claim))


# ------------------------------------------------------------------------------------------------ claims


def _sync_unbound(context: Context, claim: Obj) -> None:
    if claim["spec"].get("volumeName"):
        _sync_named(context, claim)
        return
    waits = volumes.waits_for_consumer(context, claim)
    volume = volumes.best_match(context, claim, waits)
    if volume is not None:
        _bind(context, volume, claim)
    elif not _assign_default_class(context, claim):
        _wait_or_provision(context, claim, waits)


def _wait_or_provision(context: Context, claim: Obj, waits: bool) -> None:
    if waits and volumes.SELECTED_NODE not in volumes.notes(claim):
        _tell(context, claim, "Normal", *_waiting_for(context, claim))
    elif volumes.class_of(claim):
        _provision(context, claim)
        return
    else:
        text = "no persistent volumes available for this claim and no storage class is set"
        _tell(context, claim, "Normal", "FailedBinding", text)
    _set_claim_status(context, claim, "Pending", None)


def _waiting_for(context: Context, claim: Obj) -> tuple[str, str]:
    """(reason, message) of a claim that waits for its consumer."""
    names = [pod["metadata"]["name"] for pod in volumes.users(context, object_key(claim)) if not pod["spec"].get("nodeName")]
    if not names:
        return "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
    pods = "pods" if len(names) > 1 else "pod"
    return "WaitForPodScheduled", f"waiting for {pods} {','.join(names)} to be scheduled"


def _assign_default_class(context: Context, claim: Obj) -> bool:
    """Give a claim that says nothing about its class the default one that has come since."""
    found = None if volumes.names_class(claim) else volumes.default_class(context)
    if found is None:
        return False
    spec = {**claim["spec"], "storageClassName": found["metadata"]["name"]}
    context.api.update("PersistentVolumeClaim", {**claim, "spec": spec})
    return True


def _sync_named(context: Context, claim: Obj) -> None:
    """The claim asks for one volume by name."""
    volume = context.api.get("PersistentVolume", "", claim["spec"]["volumeName"])
    if volume is None:
        _set_claim_status(context, claim, "Pending", None)
        return
    if volume["spec"].get("claimRef"):
        if volumes.is_meant_for(volume, claim):
            _bind(context, volume, claim)
            return
        text = f'volume "{volume["metadata"]["name"]}" already bound to a different claim.'
        _tell(context, claim, "Warning", "FailedBinding", text)
    else:
        problem = volumes.mismatch(volume, claim)
        if not problem:
            _bind(context, volume, claim)
            return
        text = f'Cannot bind to requested volume "{volume["metadata"]["name"]}": {problem}'
        _tell(context, claim, "Warning", "VolumeMismatch", text)
    _set_claim_status(context, claim, "Pending", None)


def _sync_bound(context: Context, claim: Obj) -> None:
    name = claim["spec"].get("volumeName")
    volume = context.api.get("PersistentVolume", "", name) if name else None
    if volume is None:
        what = "its PersistentVolume" if name else "reference to PersistentVolume"
        _lose(context, claim, "ClaimLost", f"Bound claim has lost {what}. Data on the volume is lost!")
    elif volume["spec"].get("claimRef", {}).get("uid", claim["metadata"]["uid"]) == claim["metadata"]["uid"]:
        _bind(context, volume, claim)
    else:
        text = "Two claims are bound to the same volume, this one is bound incorrectly"
        _lose(context, claim, "ClaimMisbound", text)


def _lose(context: Context, claim: Obj, reason: str, message: str) -> None:
    if volumes.phase(claim) != "Lost":
        claim = _set_claim_status(context, claim, "Lost", None)
        _tell(context, claim, "Warning", reason, message)


def _tell(context: Context, about: Obj, type: str, reason: str, message: str) -> None:
    context.event(about, type, reason, message, COMPONENT)


# ------------------------------------------------------------------------------------------------ binding


def _bind(context: Context, volume: Obj, claim: Obj) -> None:
    """Point both at each other; each step is left out when it has been done."""
    volume = _bind_volume(context, volume, claim)
    volume = set_volume_phase(context, volume, "Bound")
    claim = _bind_claim(context, claim, volume)
    _set_claim_status(context, claim, "Bound", volume)


def _bind_volume(context: Context, volume: Obj, claim: Obj) -> Obj:
    bound = volume
    if not volumes.is_meant_for(volume, claim):
        bound = volumes.with_notes(volume, **{volumes.BOUND_BY_CONTROLLER: "yes"})
    if not volume["spec"].get("claimRef", {}).get("uid"):
        bound = {**bound, "spec": {**bound["spec"], "claimRef": reference(claim)}}
    return volume if bound is volume else context.api.update("PersistentVolume", bound)


def _bind_claim(context: Context, claim: Obj, volume: Obj) -> Obj:
    bound = claim
    name = volume["metadata"]["name"]
    if claim["spec"].get("volumeName") != name:
        bound = volumes.with_notes(claim, **{volumes.BOUND_BY_CONTROLLER: "yes"})
        bound = {**bound, "spec": {**bound["spec"], "volumeName": name}}
    if volumes.BIND_COMPLETED not in volumes.notes(bound):
        bound = volumes.with_notes(bound, **{volumes.BIND_COMPLETED: "yes"})
    return claim if bound is claim else context.api.update("PersistentVolumeClaim", bound)


def _set_claim_status(context: Context, claim: Obj, phase: str, volume: Obj | None) -> Obj:
    before: dict[str, Any] = dict(claim.get("status") or {})
    after = {**before, "phase": phase}
    if volume is None:
        for key in ("accessModes", "capacity", "currentVolumeAttributesClassName"):
            after.pop(key, None)
    else:
        after["accessModes"] = volume["spec"]["accessModes"]
        if before.get("phase") != phase:
            after["capacity"] = volume["spec"]["capacity"]
        if before.get("phase", "Pending") == "Pending" and volumes.attributes_class(volume):
            after["currentVolumeAttributesClassName"] = volumes.attributes_class(volume)
    if after == before:
        return claim
    return context.api.update_status("PersistentVolumeClaim", {**claim, "status": after})


# ------------------------------------------------------------------------------------------------ provisioning


def _provision(context: Context, claim: Obj) -> None:
    """Ask the provisioner of the claim's class for a volume."""
    if str(context.options.get("enable-dynamic-provisioning", "true")) == "false":
        return
    name = volumes.class_of(claim)
    found = context.api.get("StorageClass", "", name)
    problem = f'storageclass.storage.k8s.io "{name}" not found' if found is None else ""
    provisioner = found["provisioner"] if found is not None else ""
    if provisioner.startswith("kubernetes.io/") and provisioner not in volumes.MIGRATED:
        problem = f"no volume plugin matched name: {provisioner}"
    if problem:
        _tell(context, claim, "Warning", "ProvisioningFailed", problem)
        return
    provisioner = volumes.MIGRATED.get(provisioner, provisioner)
    marks = {volumes.BETA_PROVISIONER: provisioner, volumes.PROVISIONER: provisioner}
    if found is not None and found["provisioner"] in volumes.MIGRATED:
        marks[volumes.MIGRATED_TO] = provisioner
        marks[volumes.BETA_PROVISIONER] = marks[volumes.PROVISIONER] = found["provisioner"]
    if not marks.items() <= volumes.notes(claim).items():
        claim = context.api.update("PersistentVolumeClaim", volumes.with_notes(claim, **marks))
    text = (
        f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system "
        "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
        "registered."
    )
    _tell(context, claim, "Normal", "ExternalProvisioning", text)


# ------------------------------------------------------------------------------------------------ volumes


def _sync_volume(context: Context, volume: Obj) -> None:
    claim_ref = volume["spec"].get("claimRef") or {}
    if not claim_ref.get("uid"):
        set_volume_phase(context, volume, "Available")
        return
    claim = context.api.get("PersistentVolumeClaim", claim_ref.get("namespace", ""), claim_ref["name"])
    if claim is None or claim["metadata"]["uid"] != claim_ref["uid"]:
        volumereclaim.release(context, volume)
    elif not claim["spec"].get("volumeName"):
        _check_modes(context, volume, claim)
    elif claim["spec"]["volumeName"] == volume["metadata"]["name"]:
        set_volume_phase(context, volume, "Bound")
    elif volumereclaim.was_made_for_claim(volume):
        volumereclaim.release(context, volume)
    else:
        volumereclaim.unbind(context, volume)


def _check_modes(context: Context, volume: Obj, claim: Obj) -> None:
    """The claim's own turn binds it, unless it never can."""
    if volumes.mode(volume) == volumes.mode(claim):
        return
    name, other = volume["metadata"]["name"], claim["metadata"]["name"]
    text = f'Cannot bind PersistentVolume to requested PersistentVolumeClaim "{other}" due to incompatible volumeMode.'
    _tell(context, volume, "Warning", "VolumeMismatch", text)
    text = f'Cannot bind PersistentVolume "{name}" to requested PersistentVolumeClaim due to incompatible volumeMode.'
    _tell(context, claim, "Warning", "VolumeMismatch", text)


# ------------------------------------------------------------------------------------------------ what to look at


def _of_claim(context: Context, claim: Obj) -> Iterable[str]:
    name = claim["spec"].get("volumeName")
    return (object_key(claim), name) if name else (object_key(claim),)


def _of_volume(context: Context, volume: Obj) -> Iterable[str]:
    volumes.VOLUMES.note(context, volume)
    claim_ref = volume["spec"].get("claimRef")
    if not claim_ref:
        return (volume["metadata"]["name"], PENDING)
    return (volume["metadata"]["name"], f"{claim_ref.get('namespace', '')}/{claim_ref['name']}")


def _of_pod(context: Context, pod: Obj) -> Iterable[str]:
    """A volume that may be recycled once its last pod has ended."""
    if not volumes.has_claims(pod):
        return ()
    volumes.PODS.note(context, pod)
    if not is_ended(pod):
        return ()
    found = (context.api.get("PersistentVolumeClaim", *split_key(key)) for key in volumes.keys_of_claims(pod))
    return [claim["spec"]["volumeName"] for claim in found if claim is not None and claim["spec"].get("volumeName")]


CONTROLLER = Controller(
    NAME,
    watches={
        "PersistentVolumeClaim": _of_claim,
        "PersistentVolume": _of_volume,
        "StorageClass": lambda context, obj: (PENDING,),
        "Pod": _of_pod,
    },
    reconcile=reconcile,
    latency=lambda context, key: _LOOK if key == PENDING else 0.01,
    user="system:serviceaccount:kube-system:persistent-volume-binder",
)
