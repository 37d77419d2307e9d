"""Controller revisions: the templates a controller may go back to. Models pkg/registry/apps/controllerrevision."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.parts import controller_of
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import NONE, documented
from cluster_core.machinery.typed import Obj


def _controller(revision: Obj, now: int) -> str:
    owner = controller_of(revision)
    if owner is None:
        return NONE
    group = owner["apiVersion"].rpartition("/")[0]
    kind = f"{owner['kind']}.{group}" if group else owner["kind"]
    return f"{kind.lower()}/{owner['name']}"


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
    columns=COLUMNS,
)
