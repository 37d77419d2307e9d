"""One terminal: what is typed goes to the shell on top of the stack; what it says is kept for those who come back.

Messages in: input, resize, save. Out: session (its id), output, edit, exit.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping
from typing import Any

from playground.engine.port import EngineError
from playground.worker.pipes import End

from .lineeditor import LineEditor, is_whole
from .shell import Ask, Shell

MOST_KEPT = 128 * 1024
MOST_TYPED_AHEAD = 64 * 1024
MOST_DEPTH = 5


class Session:
    """Outlives connections; `close` ends it."""

    def __init__(self, number: str, node: str, ask: Ask, server: str) -> None:
        self.id, self._ask, self._server = number, ask, server
        self._shells = [Shell(node, ask, server, self._edit)]
        self._editor = LineEditor(self._prompt, lambda before: self._shell.candidates(before))
        self._kept = b""
        self._end: End | None = None
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._running: asyncio.Task[Any] | None = None
        self._script = ""
        self._work: asyncio.Task[None] | None = None
        self.over = False

    @property
    def _shell(self) -> Shell:
        return self._shells[-1]

    @property
    def attached(self) -> bool:
        return self._end is not None

    async def open(self) -> None:
        await self._shell.open()
        self._work = asyncio.create_task(self._loop())

    async def close(self) -> None:
        self.over = True
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def attend(self, end: End) -> None:
        """Serve this connection until it or the session ends; an earlier one is let go."""
        if self._end is not None:
            await self._end.outgoing.close()
            await self._end.incoming.close()
        self._end = end
        try:
            await end.send({"type": "session", "id": self.id})
            if self._kept:
                await end.send({"type": "output", "data": self._kept.decode("utf-8", "replace")})
            while not self.over and (message := await end.receive()) is not None:
                await self._hear(message)
        finally:
            if self._end is end:
                self._end = None

    # ------------------------------------------------------------------------------------------------ in

    async def _hear(self, message: Mapping[str, Any]) -> None:
        kind = message.get("type")
        if kind == "input" and isinstance(message.get("data"), str):
            for key in LineEditor.keys(message["data"]):
                self._type(key)
        elif kind == "save" and isinstance(message.get("path"), str) and isinstance(message.get("content"), str):
            self._keys.put_nowait("\0save")
            self._saved = (message["path"], message["content"])

    def _type(self, key: str) -> None:
        if self._running is not None and self._shell.keys is not None:
            self._shell.keys(key.encode())
        elif key == "\x03" and self._running is not None:
            self._shell.cancel()
            while not self._keys.empty():
                self._keys.get_nowait()
        elif self._keys.qsize() < MOST_TYPED_AHEAD:
            self._keys.put_nowait(key)

    # ------------------------------------------------------------------------------------------------ out

    async def _say(self, data: bytes) -> None:
        await self._show(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))

    async def _show(self, data: bytes) -> None:
        self._kept = (self._kept + data)[-MOST_KEPT:]
        if self._end is not None and data:
            await self._end.send({"type": "output", "data": data.decode("utf-8", "replace")})

    async def _edit(self, path: str, text: str) -> None:
        if self._end is not None:
            await self._end.send({"type": "edit", "path": path, "content": text})

    def _prompt(self) -> str:
        if self._script:
            return "> "
        cwd = self._shell.cwd
        return f"root@{self._shell.node}:{'~' + cwd[5:] if cwd == '/root' or cwd.startswith('/root/') else cwd}# "

    # ------------------------------------------------------------------------------------------------ the loop

    async def _loop(self) -> None:
        await self._show(self._editor.begin().encode())
        while not self.over:
            key = await self._keys.get()
            if key == "\0save":
                await self._do(self._shell.save(*self._saved, self._say))
                await self._show(self._editor.redraw().encode())
                continue
            if key == "\x03":
                self._script = ""
            echo, line = self._editor.key(key)
            await self._show(echo.encode())
            if line is not None:
                await self._enter(line)

    async def _enter(self, line: str) -> None:
        script = f"{self._script}\n{line}" if self._script else line
        if not is_whole(script):
            self._script = script
        else:
            self._script = ""
            if script.strip():
                await self._execute(script)
        if not self.over:
            await self._show(self._editor.begin().encode())

    async def _execute(self, script: str) -> None:
        words = _words(script)
        if words[:1] in (["exit"], ["logout"]):
            await self._leave()
        elif words[:1] == ["ssh"] and len(words) == 2:
            await self._ssh(words[1])
        elif words[:1] == ["ssh"] and len(words) > 2 and not _joined(script):
            await self._ssh(words[1], " ".join(words[2:]))
        elif words == ["clear"]:
            await self._show(b"\x1b[H\x1b[2J")
        elif words == ["history"]:
            await self._say("".join(f"{n:5}  {each}\n" for n, each in enumerate(self._editor.history, 1)).encode())
        else:
            await self._do(self._shell.run(script, self._say))

    async def _do(self, work: Any) -> None:
        self._running = asyncio.ensure_future(work)
        try:
            await self._running
        finally:
            self._running = None
        if self._kept and not self._kept.endswith(b"\n"):
            await self._show(b"\r\n")

    async def _leave(self) -> None:
        if len(self._shells) > 1:
            gone = self._shells.pop()
            await self._say(f"Connection to {gone.node} closed.\n".encode())
            return
        self.over = True
        if self._end is not None:
            await self._end.send({"type": "exit"})
            await self._end.outgoing.close()
            await self._end.incoming.close()

    async def _ssh(self, target: str, script: str = "") -> None:
        """Go to another machine; with a script, only to run that there."""
        node = target.rpartition("@")[2]
        shell = Shell(node, self._ask, self._server, self._edit)
        try:
            if len(self._shells) > MOST_DEPTH:
                raise EngineError("too many hops")
            await shell.open()
        except EngineError as error:
            await self._say(f"ssh: Could not connect to {node}: {error}\n".encode())
            return
        self._shells.append(shell)
        if script:
            try:
                await self._do(shell.run(script, self._say))
            finally:
                self._shells.remove(shell)


def _words(script: str) -> list[str]:
    try:
        return shlex.split(script)
    except ValueError:
        return []


def _joined(script: str) -> bool:
    """Whether bash has more to do than start one program: a pipe, a list, a redirection outside quotes."""
    found = shlex.shlex(script, posix=True, punctuation_chars=True)
    found.whitespace_split = True
    return any(set(word) <= set("();<>|&") for word in found)
