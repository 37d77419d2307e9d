"""A shell on a machine: bashkit with the machine's files, the machine's tools and kubectl.

Files are brought up to date before each line; what a line changed is written to the machine before a tool runs and at its end.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bashkit import Bash

from playground.engine.port import EngineError

from . import filters, following, jq, kubeconfig, kubectl, listing, openssl, scp, waiting
from .streams import all_of, counted

Sink = Callable[[bytes], Awaitable[None]]
Ask = Callable[..., Awaitable[dict[str, Any]]]
Edit = Callable[[str, str], Awaitable[None]]
MOST_COMMANDS, MOST_LOOPS, MOST_MEMORY, MOST_FILES = 5_000, 10_000, 16 * 1024 * 1024, 2000
MOST_OUTPUT, SECONDS = 4 * 1024 * 1024, 10.0
LONGEST = kubectl.SECONDS
"""Seconds that a line may wait; what it works by itself is SECONDS."""
INTERRUPTED = 130
"""The exit code of what is ended from outside."""
CONTROL_C = "^C"
_SIGPIPE = 141
"""How a program ends whose output nobody reads any more."""
_OWN = frozenset(("proc", "dev", "bin", "sbin", "sys", "lib"))
_PROGRAMS = ("/usr/bin/", "/usr/local/bin/", "/usr/sbin/")
_SECRET = re.compile(r".*\.key|/etc/kubernetes/(manifests/.*|[^/]*\.conf)|.*/\.kube/config|/var/lib/(kubelet/pki|etcd)/.*")
"""Files that are root's alone."""
_ENVIRONMENT = {"HOME": "/root", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "USER": "root"}
_LOCAL = ("/tmp/", "/proc/", "/dev/", *_PROGRAMS)


class Shell:
    """`ask(command, **args)` reaches the cluster, `server` is its API's address, `edit` opens the page's editor."""

    def __init__(self, node: str, ask: Ask, server: str, edit: Edit) -> None:
        self.node, self._ask, self._server, self._edit = node, ask, server, edit
        self._known: dict[str, str] = {}
        """All files here, as they were when last looked at."""
        self._theirs: dict[str, str] = {}
        """The machine's files, as last heard of."""
        self.edits: dict[str, str] = {}
        self.bash: Any = None
        self._live, self._waited, self._ended = 0, False, ""
        self._code = 0  # what `$?` is for the next line
        self._logs = False
        self.keys: Callable[[bytes], None] | None = None
        """Where keys go while a command has the terminal to itself."""

    async def open(self) -> None:
        """Raises EngineError when there is no such machine or it is off."""
        answer = await self._ask("machine-files", node=self.node)
        self._theirs = _without_programs(answer["files"])
        self.bash = Bash(
            username="root",
            hostname=self.node,
            env={**_ENVIRONMENT, **answer["env"]},
            files=dict(self._theirs),
            cwd="/root",
            max_commands=MOST_COMMANDS,
            max_loop_iterations=MOST_LOOPS,
            max_memory=MOST_MEMORY,
            timeout_seconds=LONGEST,
        )
        self._fs = self.bash.fs()
        for path in self._theirs:
            self._guard(path)
        for directory in answer["directories"]:
            self._fs.mkdir(directory, True)
        for name, command in self._commands(answer["tools"]).items():
            self.bash.add_command(name, command)
        await self.bash.execute(waiting.WATCH)
        self._walk("/", self._known)

    def _commands(self, tools: Iterable[str]) -> dict[str, waiting.Command]:
        return {
            **dict.fromkeys(tools, self._tool),
            **dict.fromkeys(("kubectl", "k"), self._kubectl),
            **dict.fromkeys(("vi", "vim", "nano"), self._edit_file),
            "sleep": self._patiently(waiting.sleep),
            "jq": jq.jq,
            "head": filters.head,
            "ls": listing.ls,
            "tee": filters.tee,
            "openssl": self._openssl,
            "scp": scp.between(self._ask),
        }

    @property
    def cwd(self) -> str:
        return str(self.bash.shell_state().cwd)

    async def run(self, script: str, sink: Sink) -> int:
        """Run a line (or several); output goes to the sink as it comes."""
        self._fs, self._ended = self.bash.fs(), ""
        try:
            self._logs = "log" in script or self.cwd.startswith("/var/log")
            await self._refresh()
            result = await self._execute(script, sink)
            if result.error and not self._ended:
                await sink(f"bash: {result.error}\n".encode())
            self._fs = self.bash.fs()
            await self._push()
        except EngineError as error:
            await sink(f"{error}\n".encode())
            return 1
        finally:
            self.bash.clear_cancel()
        self._code = INTERRUPTED if self._ended else int(result.exit_code)
        return self._code

    async def _execute(self, script: str, sink: Sink) -> Any:
        """Until it ends, says too much, or works too long by itself; what waits has until LONGEST."""
        counting = counted(sink, MOST_OUTPUT, lambda: self._end("it said too much"))
        script = f"(exit {self._code})\n{script}" if self._code else script
        running = asyncio.ensure_future(self.bash.execute(script, stdout=counting, stderr=counting))
        try:
            await self._attended(running)
        finally:
            running.cancel()  # the terminal may be closed meanwhile
        if self._ended not in ("", CONTROL_C):
            await sink(f"bash: ended: {self._ended}\n".encode())
        return running.result()

    async def _attended(self, running: asyncio.Future[Any]) -> None:
        """Wait for the line's end, and see to it that it comes."""
        told = False
        while not (await asyncio.wait((running,), timeout=SECONDS))[0]:
            if told:
                await self._abandon(running)
            if not self._live and not self._waited:
                self._end(f"it worked for more than {SECONDS:g} seconds")
            self._waited, told = False, bool(self._ended)

    async def _abandon(self, running: asyncio.Future[Any]) -> None:
        """A program that hears of no end is left to its interpreter's time, and the shell begins anew."""
        running.cancel()
        await self.open()
        raise EngineError(f"bash: what ran does not listen ({self._ended}): this is a new shell")

    def _end(self, why: str) -> None:
        self._ended = self._ended or why
        self.bash.cancel()

    def cancel(self) -> None:
        self._end(CONTROL_C)

    def candidates(self, before: str) -> list[str]:
        """Files that the last word of the line could mean."""
        word = before.replace("=", " ").split(" ")[-1]
        directory, _, start = word.rpartition("/")
        where = posixpath.normpath(posixpath.join(self.cwd, (directory + "/") if "/" in word else ""))
        if not self._fs.exists(where) or self._fs.stat(where)["file_type"] != "directory":
            return []
        head = f"{directory}/" if "/" in word else ""
        found = [each for each in self._fs.read_dir(where) if each["name"].startswith(start)]
        return sorted(
            f"{head}{each['name']}{'/' if each['metadata']['file_type'] == 'directory' else ''}" for each in found
        )

    # ------------------------------------------------------------------------------------------------ files

    def _guard(self, path: str) -> None:
        if _SECRET.fullmatch(path):
            self._fs.chmod(path, 0o600)

    async def _refresh(self) -> None:
        """The machine's files as they are now; what lies below /var/log only for those who may look there."""
        self._take((await self._ask("machine-files", node=self.node, logs=self._logs))["files"])

    def _take(self, files: dict[str, str]) -> None:
        """Make the shell's files those of the machine; programs are the shell's own."""
        files = _without_programs(files)
        for path in self._theirs.keys() - files.keys():
            self._known.pop(path, None)
            if self._fs.exists(path):
                self._fs.remove(path)
        for path, text in files.items():
            if self._theirs.get(path) != text:
                self._fs.mkdir(posixpath.dirname(path), True)
                self._fs.write_file(path, text.encode())
                self._known[path] = text
                self._guard(path)
        self._theirs = files

    async def _push(self) -> None:
        """Write to the machine what has changed here."""
        now: dict[str, str] = {}
        self._walk("/", now)
        changes: dict[str, str | None] = {path: text for path, text in now.items() if self._known.get(path) != text}
        changes |= dict.fromkeys(self._known.keys() - now.keys())
        self._known = now
        if changes:
            await self._ask("machine-write", node=self.node, changes=changes)
            theirs = {**self._theirs, **changes}
            self._theirs = {path: text for path, text in theirs.items() if text is not None}

    def _walk(self, place: str, found: dict[str, str]) -> None:
        for each in self._fs.read_dir(place):
            path = posixpath.join(place, each["name"])
            kind = each["metadata"]["file_type"]
            if place == "/" and each["name"] in _OWN:
                continue
            if kind == "directory":
                self._walk(path, found)
            elif kind == "file" and not path.startswith(_LOCAL) and len(found) < MOST_FILES:
                text = self._text(path)
                if text is not None:
                    found[path] = text

    def _text(self, path: str) -> str | None:
        """None for what is no text: such files stay in this shell."""
        try:
            return str(self._fs.read_file(path).decode())
        except UnicodeDecodeError:
            return None

    # ------------------------------------------------------------------------------------------------ commands

    async def _tool(self, context: Any) -> int:
        self._fs = context.fs  # bashkit's own handle would wait for the execution we are part of
        await self._push()
        if context.name == "etcdctl" and "watch" in context.argv:
            return await self._watch(context)
        if following.follows(context.name, context.argv):
            return await self._follow(context)
        stdin = (await all_of(context.stdin)).decode("utf-8", "replace")
        data = {word: self._fs.read_file(path) for word, path in self._named(context)}
        env = {name: value for name, value in context.env.items() if name.startswith("ETCDCTL_")}
        argv = [context.name, *context.argv]
        answer = await self._ask("machine-run", node=self.node, argv=argv, stdin=stdin, data=data, env=env)
        for path, content in answer["files"].items():
            whole = posixpath.join(context.cwd, path)
            self._fs.mkdir(posixpath.dirname(whole), True)
            self._fs.write_file(whole, content)
        if answer["changed"]:
            await self._refresh()
        try:
            await context.stdout.write(answer["out"].encode())
        except BrokenPipeError:  # whoever reads has read enough: `iptables-save | head`
            return _SIGPIPE
        await context.stderr.write(answer["err"].encode())
        return int(answer["code"])

    def _patiently(self, command: waiting.Command) -> waiting.Command:
        """The command, whose time is not the shell's own work."""

        async def run(context: Any) -> int:
            with self._leisure():
                return await command(context)

        return run

    @contextmanager
    def _leisure(self) -> Iterator[None]:
        """Time that is not the shell's own work."""
        self._live += 1
        try:
            yield
        finally:
            self._live -= 1
            self._waited = True

    async def _watch(self, context: Any) -> int:
        with self._leisure():
            return await following.watch_etcd(self._ask, self.node, context)

    async def _follow(self, context: Any) -> int:
        run = partial(self._ask, "machine-run", node=self.node, argv=[context.name, *context.argv])
        with self._leisure():
            try:
                return await following.follow(run, context)
            except BrokenPipeError:
                return _SIGPIPE

    async def _openssl(self, context: Any) -> int:
        self._fs = context.fs

        def read(path: str) -> bytes:
            whole = posixpath.join(context.cwd, path)
            if not self._fs.exists(whole):
                raise openssl.Problem(f"Can't open \"{path}\" for reading, No such file or directory")
            return bytes(self._fs.read_file(whole))

        now = await self._ask("machine-run", node=self.node, argv=["date", "+%s"])
        try:
            done = await openssl.run(context.argv, read, datetime.fromtimestamp(int(now["out"]), UTC))
        except openssl.Problem as error:
            await context.stderr.write(f"{error}\n".encode())
            return 1
        if done.path:
            self._fs.write_file(posixpath.join(context.cwd, done.path), done.data)
        await context.stdout.write(done.out.encode())
        return 0

    def _named(self, context: Any) -> list[tuple[str, str]]:
        """The files that etcdctl's arguments name."""
        if not context.name.startswith("etcd"):
            return []
        pairs = [(word, posixpath.join(context.cwd, word)) for word in context.argv if not word.startswith("-")]
        return [(word, path) for word, path in pairs if self._fs.exists(path) and self._fs.stat(path)["file_type"] == "file"]

    async def _kubectl(self, context: Any) -> int:
        self._fs = context.fs
        await self._push()
        given = kubeconfig.extract(list(context.argv), context.env, context.cwd)
        argv, path = given.argv, given.path
        if given.is_config:
            return await kubectl.configure(self._job(context, argv, b""), path or kubeconfig.USUAL)
        who = await self._who(given)
        if who.problem:
            await context.stderr.write(f"{who.problem}\n".encode())
            return 1
        if argv[:1] == ["edit"]:
            return await self._kubectl_edit(context, argv[1:], who)
        wants = any(word in ("-", "-f-", "--filename=-", "-i", "--stdin") for word in argv)
        stdin = await all_of(context.stdin) if wants and not kubeconfig.wants_terminal(argv) else b""
        with self._leisure():
            job = self._job(context, argv, stdin, who)
            if kubeconfig.wants_terminal(argv):
                job.attend = self._attend
            return await kubectl.run(self._server, job)

    def _attend(self, keys: Callable[[bytes], None] | None) -> None:
        self.keys = keys

    def _job(self, context: Any, argv: list[str], stdin: bytes, who: kubeconfig.Who = kubeconfig.NOBODY) -> kubectl.Run:
        return kubectl.Run(argv, context.cwd, self._fs, stdin, context.stdout.write, context.stderr.write, who)

    async def _who(self, given: kubeconfig.Given) -> kubeconfig.Who:
        """As whom kubectl runs: what the machine's kubeconfig file says."""
        path = given.path or (kubeconfig.USUAL if self._fs.exists(kubeconfig.USUAL) else "")
        text = self._text(path) if path and self._fs.exists(path) else None
        answer = await self._ask("machine-kubeconfig", node=self.node, path=path, text=text, context=given.context)
        return kubeconfig.Who(answer["problem"], answer["namespace"], kubeconfig.credentials(answer))

    async def _kubectl_edit(self, context: Any, argv: list[str], who: kubeconfig.Who) -> int:
        """The object in the page's editor; saving replaces it."""
        got: list[bytes] = []

        async def keep(data: bytes) -> None:
            got.append(data)

        job = kubectl.Run(["get", *argv, "-o", "yaml"], context.cwd, self._fs, b"", keep, context.stderr.write, who)
        code = await kubectl.run(self._server, job)
        if not code:
            path = f"/tmp/kubectl-edit-{len(self.edits) + 1}.yaml"
            self.edits[path] = "kubectl replace -f " + path
            await self._edit(path, b"".join(got).decode("utf-8", "replace"))
        return code

    async def _edit_file(self, context: Any) -> int:
        self._fs = context.fs
        names = [word for word in context.argv if not word.startswith(("-", "+"))]
        if not names:
            await context.stderr.write(f"{context.name}: name a file\n".encode())
            return 1
        path = posixpath.normpath(posixpath.join(context.cwd, names[0]))
        text = self._text(path) if self._fs.exists(path) else ""
        await self._edit(path, text or "")
        return 0

    async def save(self, path: str, text: str, sink: Sink) -> None:
        """The page's editor was closed with this text."""
        self._fs.mkdir(posixpath.dirname(path) or "/", True)
        self._fs.write_file(path, text.encode())
        command = self.edits.pop(path, ":")
        await self.run(command, sink)


def _without_programs(files: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if not path.startswith(_PROGRAMS)}
