"""A program of ours on a pseudo-terminal: its keys come one by one, its output goes out as it is."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios
from collections.abc import Awaitable, Callable

_PIECE = 16 * 1024
_ROWS, _COLUMNS = 30, 100


class Pty:
    """`slave` is for the program; `close_slave` when it has it."""

    def __init__(self, rows: int = _ROWS, columns: int = _COLUMNS) -> None:
        self._master, self.slave = os.openpty()
        os.set_blocking(self._master, False)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def close_slave(self) -> None:
        os.close(self.slave)

    def write(self, data: bytes) -> None:
        """What does not fit into the terminal's queue is lost, as with a real one."""
        try:
            os.write(self._master, data)
        except (BlockingIOError, OSError):
            return

    async def pour(self, sink: Callable[[bytes], Awaitable[None]]) -> None:
        """Until the program has ended, or the sink has had enough."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._master, ready.set)
        try:
            while data := await self._read(ready):
                await sink(data)
        finally:
            loop.remove_reader(self._master)

    async def _read(self, ready: asyncio.Event) -> bytes:
        while True:
            await ready.wait()
            ready.clear()
            try:
                return os.read(self._master, _PIECE)
            except BlockingIOError:
                continue
            except OSError:  # EIO: nobody has the other end any more
                return b""

    def close(self) -> None:
        os.close(self._master)
