"""Volume attachments. Models pkg/registry/storage/volumeattachment."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import documented
from cluster_core.kinds.storage_validation import attachment, attachment_update
from cluster_core.machinery.typed import Obj

_DOCUMENTED = "storage.v1.VolumeAttachmentSpec"


def prepare_create(found: Obj) -> Obj:
    return {**found, "status": {"attached": False}}


def validate_status(new: Obj, old: Obj) -> list[object]:
    return list(attachment_update(new, old))


COLUMNS = (
    NAME,
    Column(
        "Attacher",
        lambda obj, now: obj["spec"].get("attacher", ""),
        format="name",
        description=documented(_DOCUMENTED, "attacher"),
    ),
    Column(
        "PV",
        lambda obj, now: (obj["spec"].get("source") or {}).get("persistentVolumeName") or "",
        description=documented("storage.v1.VolumeAttachmentSource", "persistentVolumeName"),
    ),
    Column("Node", lambda obj, now: obj["spec"].get("nodeName", ""), description=documented(_DOCUMENTED, "nodeName")),
    Column(
        "Attached",
        lambda obj, now: bool((obj.get("status") or {}).get("attached")),
        "boolean",
        description=documented("storage.v1.VolumeAttachmentStatus", "attached"),
    ),
    AGE,
)

KIND = Kind(
    "VolumeAttachment",
    plural="volumeattachments",
    returns_deleted=True,
    unconditional_update=False,
    group="storage.k8s.io",
    namespaced=False,
    prepare_create=prepare_create,
    validate=attachment,
    validate_update=attachment_update,
    validate_status=validate_status,
    repeats_metadata_check=False,
    columns=COLUMNS,
    status=True,
)
