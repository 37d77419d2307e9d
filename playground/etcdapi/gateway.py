"""The way from the wire to the cluster: one operation per call, refusals as EtcdRefusal."""

from __future__ import annotations

import zlib
from typing import Any

from playground.engine.port import Duplex, Engine, EngineError

VERSION = "3.6.8"
UNAVAILABLE = 14


class EtcdRefusal(Exception):
    """gRPC code and etcd's message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Gateway:
    """One cluster's etcd, reached through the Engine port. `url`: where clients reach this endpoint."""

    def __init__(self, engine: Engine, cluster: str, url: str) -> None:
        self._engine, self.cluster, self.url = engine, cluster, url
        self.cluster_id = zlib.crc32(cluster.encode()) << 20 | 0xE7CD
        self.member_id = zlib.crc32(b"member/" + cluster.encode()) << 20 | 0x1
        self.member_name = "control-plane"

    async def ask(self, op: str, **args: Any) -> dict[str, Any]:
        """Raises EtcdRefusal."""
        try:
            answer = await self._engine.command(self.cluster, "etcd", {"op": op, **args})
        except EngineError as error:
            raise EtcdRefusal(UNAVAILABLE, str(error)) from error
        if "error" in answer:
            raise EtcdRefusal(*answer["error"])
        return answer

    async def watch(self) -> Duplex:
        """The conversation "etcd-watch" of `playground.worker.etcdwatch`. Raises EtcdRefusal."""
        try:
            return await self._engine.stream(self.cluster, "etcd-watch", {})
        except EngineError as error:
            raise EtcdRefusal(UNAVAILABLE, str(error)) from error
