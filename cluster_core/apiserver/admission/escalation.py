"""The check against granting more than one holds, at the moment the real registry makes it: after all mutations."""

from __future__ import annotations

from cluster_core.apiserver import escalation
from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery.typed import Obj


def _admit(attributes: Attributes) -> Obj | None:
    if attributes.obj is not None and attributes.kind.group == "rbac.authorization.k8s.io":
        escalation.check(attributes.context, attributes.obj, attributes.old)
    return attributes.obj


PLUGIN = Plugin(
    "RBACEscalation",
    admit=_admit,
    kinds=frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}),
    always=True,
)
