"""As whom a container's processes run. Models pkg/securitycontext (DetermineEffectiveSecurityContext): what the container's
security context says comes before the pod's, and that before the image's own user."""

from __future__ import annotations

from typing import NamedTuple

from cluster_core.machinery.typed import Obj


class Identity(NamedTuple):
    """User, primary group and further groups of a process, as numbers."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()

    @property
    def all_groups(self) -> list[int]:
        """Every group once, the primary one first."""
        return list(dict.fromkeys((self.gid, *self.groups)))


ROOT = Identity()


def name_of(number: int) -> str:
    """What a user or group of this number is called in most images."""
    return {0: "root", 65534: "nobody"}.get(number, str(number))


def identity(pod: Obj, container: Obj, image_user: int = 0) -> Identity:
    """Who the container's main process is."""
    shared, own = pod["spec"].get("securityContext") or {}, container.get("securityContext") or {}
    uid = own.get("runAsUser", shared.get("runAsUser", image_user))
    gid = own.get("runAsGroup", shared.get("runAsGroup", 0))
    more = list(shared.get("supplementalGroups") or ())
    if "fsGroup" in shared:
        more.append(shared["fsGroup"])
    return Identity(int(uid), int(gid), tuple(int(group) for group in more))


def may_administer_network(container: Obj) -> bool:
    """Whether the container has the capability NET_ADMIN: what is privileged has all."""
    context = container.get("securityContext") or {}
    return bool(context.get("privileged")) or bool({"NET_ADMIN", "ALL"} & set((context.get("capabilities") or {}).get("add") or ()))
