"""What agnhost's subcommands print: mounttest tells of files, entrypoint-tester of its own arguments, logs-generator just talks.

Models test/images/agnhost as far as a process without a network can.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bashkit import BuiltinContext, BuiltinResult

from cluster_core.workloads.agnhost import flag
from cluster_core.workloads.attributes import OVERLAY, mount_of, shown

if TYPE_CHECKING:
    from cluster_core.workloads.shell import Run

NAMES = ("/agnhost", "/agnhost-2", "agnhost")
_NEW = "mount-tester new file\n"
_LOOK_EVERY = 2.0
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_METHODS, _NAMESPACES = ("GET", "POST", "PUT"), ("kube-system", "default", "ns")


def agnhost(run: Run, context: BuiltinContext) -> BuiltinResult | str:
    """One call of the program; servers make the script wait for ever."""
    words = list(context.argv)
    found = _TOOLS.get(words[0] if words else "pause")
    if found is not None:
        return found(run, context, words)
    run.stop()
    return ""


def _arguments(run: Run, context: BuiltinContext, words: list[str]) -> str:
    return f"[{' '.join([context.name, *words])}]\n"


def _resolver(run: Run, context: BuiltinContext, words: list[str]) -> str:
    """dns-suffix and dns-server-list: a line of /etc/resolv.conf."""
    wanted, between = ("search", ",") if words[0] == "dns-suffix" else ("nameserver", ",")
    lines = _text(context, "/etc/resolv.conf").splitlines()
    return between.join(part for line in lines if line.split()[:1] == [wanted] for part in line.split()[1:]) + "\n"


def _etc_hosts(run: Run, context: BuiltinContext, words: list[str]) -> str:
    return _text(context, "/etc/hosts")


def _text(context: BuiltinContext, path: str) -> str:
    return context.fs.read_file(path).decode("utf-8", "replace") if context.fs.exists(path) else ""


# ------------------------------------------------------------------------------------------------ logs-generator


def _generate(run: Run, context: BuiltinContext, words: list[str]) -> BuiltinResult | str:
    total = flag(words, "--log-lines-total", "-t")
    seconds = sum(float(amount) * _SECONDS[unit] for amount, unit in _DURATION.findall(flag(words, "--run-duration", "-d")))
    if not total.isdigit() or not int(total) or not seconds:
        return BuiltinResult("", f"Invalid total number of lines: {total or 0}\n", 255)
    for number in range(int(total)):
        run.say(_line(run, number))
        run.sleep(seconds / int(total), context.fs)
        if run.stopped:
            break
    return ""


def _line(run: Run, number: int) -> str:
    """Something like an API server's log, the same for the same container."""
    chance = hashlib.blake2b(f"{run.job.seed}/{number}".encode(), digest_size=8).digest()
    pod = "".join("bcdfghjklmnpqrstvwxz2456789"[byte % 27] for byte in chance[:3])
    place = f"/api/v1/namespaces/{_NAMESPACES[chance[3] % 3]}/pods/{pod}"
    head = run.moment("I%m%d %H:%M:%S.%f")
    return f"{head}       1 logs_generator.go:76] {number} {_METHODS[chance[4] % 3]} {place} {200 + chance[5] * 256 % 400 + chance[6] % 16}\n"


# ------------------------------------------------------------------------------------------------ mounttest


class _Mounttest:
    """The flags in the order in which the program looks at them, not in which they are given."""

    def __init__(self, run: Run, context: BuiltinContext, words: list[str]) -> None:
        self.run, self.fs, self.words = run, context.fs, words
        self.failed = False

    def all(self) -> BuiltinResult:
        self._each("--fs_type", self._file_system)
        for mode in (0o644, 0o666, 0o660, 0o777):
            self._each(f"--new_file_0{mode:o}", lambda path, mode=mode: self._write(path, mode))
        self._each("--file_mode", lambda path: self._mode(path, "mode", 0o7777))
        self._each("--file_perm", lambda path: self._mode(path, "perms", 0o777))
        self._each("--file_owner", self._owner)
        self._each("--file_content", self._content)
        self._each("--file_content_in_loop", self._loop)
        return BuiltinResult("", "", int(self.failed))

    def _each(self, name: str, check: Any) -> None:
        path = flag(self.words, name)
        if path:
            check(path)

    def _say(self, text: str) -> None:
        self.run.say(text + "\n")

    def _missing(self, path: str, where: str, call: str) -> bool:
        """Whether there is no such file, which is said."""
        if self.fs.exists(path):
            return False
        self._say(f'error {where} "{path}": {call} {path}: no such file or directory')
        self.failed = True
        return True

    def _file_system(self, path: str) -> None:
        if self.fs.exists(path):
            launch = self.run.job.launch
            found = mount_of(launch, path) if launch is not None else None
            self._say(f'mount type of "{path}": {found.file_system if found else OVERLAY}')
        else:
            self._say(f'error from statfs("{path}"): no such file or directory')
            self.failed = True

    def _write(self, path: str, mode: int) -> None:
        parent = path.rpartition("/")[0] or "/"
        if not self.fs.exists(parent) or self.run.is_read_only(path):
            why = "read-only file system" if self.fs.exists(parent) else "no such file or directory"
            self._say(f'error writing new file "{path}": open {path}: {why}')
            self.failed = True
            return
        self.fs.write_file(path, _NEW.encode())
        self.fs.chmod(path, mode)
        self._content(path)

    def _mode(self, path: str, what: str, bits: int) -> None:
        if self.fs.exists(path):
            found = self.fs.stat(path)
            directory = what == "mode" and found["file_type"] == "directory"
            mode = found["mode"] & 0o777 | self.run.special_bits(path)
            self._say(f'{what} of file "{path}": {shown(mode & bits, directory)}')
        else:
            self._say(f'error from Stat("{path}"): stat {path}: no such file or directory')
            self.failed = True

    def _owner(self, path: str) -> None:
        if not self._missing(path, "from stat", "stat"):
            uid, gid = self.run.owner_of(path)
            self._say(f'owner UID of "{path}": {uid}')
            self._say(f'owner GID of "{path}": {gid}')

    def _content(self, path: str) -> None:
        if not self._missing(path, "reading file content for", "open"):
            self._say(f'content of file "{path}": {self.fs.read_file(path).decode("utf-8", "replace")}')

    def _loop(self, path: str) -> None:
        patience = float(flag(self.words, "--retry_time") or 180)
        until_expected = flag(self.words, "--break_on_expected_content") != "false"
        begun = self.run.clock
        while self.run.clock - begun < patience and not self.run.stopped:
            self.failed = not self.fs.exists(path)
            if self._look(path) and until_expected:
                return
            self.run.sleep(_LOOK_EVERY, self.fs)

    def _look(self, path: str) -> bool:
        """Tell the content; whether it is the one that mounttest writes itself."""
        if self.failed:
            self._say(f"Error reading file {path}: open {path}: no such file or directory, retrying")
            return False
        text = self.fs.read_file(path).decode("utf-8", "replace")
        self._say(f'content of file "{path}": {text}')
        return bool(text == _NEW)


def _mounttest(run: Run, context: BuiltinContext, words: list[str]) -> BuiltinResult:
    return _Mounttest(run, context, words).all()


_TOOLS: dict[str, Callable[[Run, BuiltinContext, list[str]], BuiltinResult | str]] = {
    "entrypoint-tester": _arguments,
    "mounttest": _mounttest,
    "logs-generator": _generate,
    "dns-suffix": _resolver,
    "dns-server-list": _resolver,
    "etc-hosts": _etc_hosts,
    "help": lambda run, context, words: "Usage:\n  app [command]\n",
}
