"""Controller revisions: the templates a controller may go back to. Models pkg/registry/apps/controllerrevision."""

from __future__ import annotations

from collections.abc import Mapping

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.objectmeta_validation import check_metadata
from cluster_core.apiserver.parts import controller_of
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.checks import immutable, nonnegatives
from cluster_core.kinds.columns import NONE, documented
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, required
from cluster_core.machinery.typed import Obj


def _controller(revision: Obj, now: int) -> str:
    owner = controller_of(revision)
    if owner is None:
        return NONE
    group = owner["apiVersion"].rpartition("/")[0]
    kind = f"{owner['kind']}.{group}" if group else owner["kind"]
    return f"{kind.lower()}/{owner['name']}"


def validate(revision: Obj) -> Errors:
    errors: Errors = []
    nonnegatives(errors, revision, Path(), "revision")
    data = revision.get("data")
    if data is None:
        errors.append(required("data", "data is mandatory"))
    elif not isinstance(data, Mapping):
        errors.append(required("data", "data must be a valid JSON object"))
    return errors


def validate_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    if new["metadata"] != old["metadata"]:
        check_metadata(errors, new["metadata"], names.dns1123_subdomain)
    nonnegatives(errors, new, Path(), "revision")
    immutable(errors, Path("data"), new.get("data"), old.get("data"))
    return errors


COLUMNS = (
    NAME,
    Column("Controller", _controller, description="Controller of the object"),
    Column(
        "Revision",
        lambda obj, now: obj.get("revision", 0),
        description=documented("apps.v1.ControllerRevision", "revision"),
    ),
    AGE,
)

KIND = Kind(
    "ControllerRevision",
    plural="controllerrevisions",
    group="apps",
    validate=validate,
    validate_update=validate_update,
    columns=COLUMNS,
)
