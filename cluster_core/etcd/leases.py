"""Leases: keys that go when nobody renews them. Models etcd's server/lease/lessor.go.

A part of the cluster like any other: expiry is an agenda entry (a chore, for a lease that waits is no unrest).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from cluster_core.etcd.store import Store, StoreEvent
from cluster_core.machinery.clock import CHORE, SECOND, Agenda, Clock
from cluster_core.machinery.seed import Seed

MAX_TTL = 9_000_000_000
RETRY = 1.0
"""Seconds after which expiry is tried again while etcd does not run."""


class LeaseError(Exception):
    """What the lessor refuses, in etcd's words."""


NOT_FOUND = "etcdserver: requested lease not found"


@dataclass(slots=True)
class Lease:
    """Times in virtual microseconds, ttl in seconds."""

    id: int
    ttl: int
    expires: int


class Leases:
    """The part "etcd"."""

    name = "etcd"
    kinds: frozenset[str] = frozenset()

    def __init__(self, store: Store, clock: Clock, agenda: Agenda, seed: Seed) -> None:
        self._store, self._clock, self._agenda, self._seed = store, clock, agenda, seed
        self._leases: dict[int, Lease] = {}
        self._keys: dict[int, set[str]] = {}
        self._granted = 0
        self.is_up: Callable[[], bool] = lambda: True
        """Whether etcd runs: a stopped one lets no lease expire."""
        store.observe(self._on_event)

    def _on_event(self, event: StoreEvent) -> None:
        if event.old is not None and event.old.lease:
            self._keys.get(event.old.lease, set()).discard(event.key)
        if event.new is not None and event.new.lease:
            self._keys.setdefault(event.new.lease, set()).add(event.key)

    # ------------------------------------------------------------------------------------------------ what clients do

    def grant(self, ttl: int, wanted: int = 0) -> Lease:
        """A new lease; `wanted`: its id, else one is chosen."""
        if ttl > MAX_TTL:
            raise LeaseError("etcdserver: too large lease TTL")
        if wanted in self._leases:
            raise LeaseError("etcdserver: lease already exists")
        lease = Lease(wanted or self._new_id(), max(ttl, 1), 0)
        self._leases[lease.id] = lease
        self._renew(lease)
        return lease

    def _new_id(self) -> int:
        self._granted += 1
        chance = self._seed.stream("etcd-lease", str(self._granted)).random()
        return (1 << 60) + int(chance * (1 << 52))

    def _renew(self, lease: Lease) -> None:
        lease.expires = self._clock.now + lease.ttl * SECOND
        self._agenda.reschedule(lease.expires, self.name, f"{CHORE}lease/{lease.id}")

    def keep_alive(self, lease_id: int) -> int:
        """Renew it; answers its TTL, 0 when there is no such lease (any more)."""
        lease = self._leases.get(lease_id)
        if lease is None:
            return 0
        self._renew(lease)
        return lease.ttl

    def revoke(self, lease_id: int) -> None:
        """End it and delete its keys, in one revision."""
        if self._leases.pop(lease_id, None) is None:
            raise LeaseError(NOT_FOUND)
        self._agenda.cancel(self.name, f"{CHORE}lease/{lease_id}")
        with self._store.together():
            for key in sorted(self._keys.pop(lease_id, ())):
                self._store.delete(key)

    def get(self, lease_id: int) -> Lease | None:
        return self._leases.get(lease_id)

    def keys(self, lease_id: int) -> list[str]:
        return sorted(self._keys.get(lease_id, ()))

    def remaining(self, lease: Lease) -> int:
        """Whole seconds it still has."""
        return max(0, -(-(lease.expires - self._clock.now) // SECOND))

    def ids(self) -> list[int]:
        return sorted(self._leases)

    # ------------------------------------------------------------------------------------------------ a part

    def observe(self, change: Any) -> None:
        """Leases follow the keys, not objects."""

    def run(self, key: str) -> None:
        lease = self._leases.get(int(key.rpartition("/")[2]))
        if lease is None:
            return
        if lease.expires > self._clock.now:
            self._agenda.at(lease.expires, self.name, key)
        elif self.is_up():
            self.revoke(lease.id)
        else:
            self._agenda.soon(self.name, key, RETRY)

    def dump(self) -> Any:
        if not self._granted and not self._leases:
            return {}
        return {"granted": self._granted, "leases": [asdict(lease) for lease in self._leases.values()]}

    def load(self, state: Any) -> None:
        self._granted = state["granted"]
        self._leases = {each["id"]: Lease(**each) for each in state["leases"]}
