"""Which kubectl command lines may run, and with which files: nothing of the host, no other server, no program of its own.

Files named on the command line are those of the shell's own file system, copied into the workspace. What kubectl does with
the network is held to the cluster's address by `kubectl.environment`; here remote sources are refused in words.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import yaml

FORBIDDEN_FLAGS = frozenset(
    ["kubeconfig", "server", "token", "user", "cluster", "context", "certificate-authority", "client-certificate", "client-key", "username", "password", "tls-server-name", "insecure-skip-tls-verify", "cache-dir", "kuberc", "profile", "profile-output", "log-file", "log-dir", "log-file-max-size", "address", "port", "unix-socket", "www", "www-prefix", "disable-compression", "api-prefix", "add-dir-header", "alsologtostderr", "enable-alpha-plugins", "env", "helm-command", "load-restrictor", "mount", "network", "network-name", "reorder", "allow-id-changes"]
)
FILE_FLAGS = frozenset(
    ["filename", "kustomize", "from-file", "from-env-file", "patch-file", "template", "cert", "key", "output-directory", "env-file", "overrides-file", "custom", "field-file", "docker-config", "prune-whitelist"]
)
_OF_SUBJECTS = frozenset(("create rolebinding", "create clusterrolebinding", "set subject"))
_ENV_IS_FINE = frozenset(("run", "set", "create"))
_SHORT = {"v": "v", "f": "filename", "k": "kustomize", "s": "server", "n": "namespace", "o": "output", "l": "selector", "c": "container", "L": "label-columns", "e": "env-value"}
FORBIDDEN_COMMANDS = {
    "proxy": "it would open a port of the host",
    "port-forward": "it would open a port of the host; use curl on a machine",
    "cp": "copy with exec and cat",
    "plugin": "there are no plugins here",
    "alpha": "not available here",
    "kustomize": "use apply -k",
}
_READING_CONFIG = frozenset(("view", "current-context", "get-contexts", "get-clusters", "get-users"))
_OUTPUT_FILES = ("go-template-file=", "jsonpath-file=", "custom-columns-file=", "templatefile=")
_REMOTE = re.compile(r"://|^git@|github\.com|gitlab\.com|bitbucket\.org|[?&]ref=|::|^ssh:|\.git(/|$)")
MOST_ARGUMENTS, MOST_LENGTH = 200, 32 * 1024


class Refused(Exception):
    """Why this command line does not run."""


class Vetted(NamedTuple):
    """The arguments to run with and the shell's files they name (absolute paths there)."""

    argv: list[str]
    files: list[str]


def vet(argv: Sequence[str], cwd: str, place: Callable[[str], str]) -> Vetted:
    """`place` tells where in the workspace a file of the shell goes. Raises Refused."""
    if len(argv) > MOST_ARGUMENTS or sum(map(len, argv)) > MOST_LENGTH:
        raise Refused("argument list too long")
    if any("\0" in word for word in argv):
        raise Refused("arguments cannot contain NUL")
    end = argv.index("--") if "--" in argv else len(argv)
    own, rest = list(argv[:end]), list(argv[end:])
    _check_command(own)
    vetting = _Vetting(cwd, place)
    return Vetted([*vetting.words(own), *rest], vetting.files)


_CONFIG_FILES = frozenset(("certificate-authority", "client-certificate", "client-key", "set-raw-bytes"))
_CONFIG_FLAGS = frozenset(
    ["server", "token", "user", "cluster", "namespace", "certificate-authority", "client-certificate", "client-key", "username", "password", "tls-server-name", "insecure-skip-tls-verify"]
)


def vet_config(argv: Sequence[str], cwd: str, place: Callable[[str], str]) -> Vetted:
    """`kubectl config`, which only writes a file. What it says there is read by nobody but us."""
    if len(argv) > MOST_ARGUMENTS or sum(map(len, argv)) > MOST_LENGTH or any("\0" in word for word in argv):
        raise Refused("argument list too long")
    vetting = _Vetting(cwd, place, _CONFIG_FLAGS, _CONFIG_FILES)
    return Vetted(vetting.words(list(argv)), vetting.files)


_GLOBAL = frozenset(["namespace", "as", "as-group", "as-uid", "as-user-extra", "request-timeout", "v", "vmodule"])


def _check_command(own: list[str]) -> None:
    """The command is the first word; before it only the flags all commands have, so that none hides behind another."""
    rest = list(own)
    while rest and rest[0].startswith("-"):
        name, equals, _ = _Vetting.parts(rest.pop(0))
        if name in FORBIDDEN_FLAGS:
            raise Refused(f"--{name} is not available in this terminal")
        if name not in _GLOBAL and name not in ("help", "h", "version", "match-server-version", "warnings-as-errors"):
            raise Refused(f"--{name}: put the command before its flags")
        if name in _GLOBAL and not equals and rest:
            rest.pop(0)
    command, words = (rest[0], [word for word in rest if not word.startswith("-")]) if rest else ("", [])
    if command in FORBIDDEN_COMMANDS:
        raise Refused(f"kubectl {command}: {FORBIDDEN_COMMANDS[command]}")
    if command == "config" and (len(words) < 2 or words[1] not in _READING_CONFIG):
        raise Refused("kubectl config: this terminal belongs to this cluster; its configuration cannot be changed")


class _Vetting:
    def __init__(
        self, cwd: str, place: Callable[[str], str], allowed: frozenset[str] = frozenset(), files: frozenset[str] = frozenset()
    ) -> None:
        """`allowed` flags are not forbidden, those among `files` name files."""
        self._cwd, self._place, self._allowed = cwd, place, allowed
        self._file_flags = FILE_FLAGS | files
        self.files: list[str] = []
        self._command = self._subject = ""

    def words(self, argv: list[str]) -> list[str]:
        found: list[str] = []
        rest = list(argv)
        while rest:
            word = rest.pop(0)
            if not word.startswith("-") or word == "-":
                self._subject = f"{self._command} {word}" if self._command and not self._subject else self._subject
                self._command = self._command or word
                found.append(word)
                continue
            name, equals, value = self.parts(word)
            self._check_flag(name)
            if self._command == "logs" and name == "filename" and word[1] != "-":
                found.append(word)  # -f is --follow there
                continue
            if name != word[1:] and word[1] != "-" and (before := _booleans(word)):
                found.append(before)
            if not equals and name in (*self._file_flags, "output") and rest:
                value, equals = rest.pop(0), "="
            found.append(self._flag(word, name, equals, value))
        return found

    @staticmethod
    def parts(word: str) -> tuple[str, str, str]:
        """(long name, "=" when it has a value, value): --name=value, -fvalue, -f=value; a single dash is pflag's short."""
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            return name.replace("_", "-"), equals, value
        letters = word[1:]
        for index, letter in enumerate(letters):
            if letter in _SHORT:
                value = letters[index + 1 :].removeprefix("=")
                return _SHORT[letter], "=" if value else "", value
        return letters, "", ""

    def _check_flag(self, name: str) -> None:
        if name in FORBIDDEN_FLAGS - self._allowed and not (name == "env" and self._command in _ENV_IS_FINE):
            if name == "port" and self._command in ("expose", "run", "create"):
                return
            if name == "user" and self._subject in _OF_SUBJECTS:
                return  # there it names whom a role is given to
            raise Refused(f"--{name} is not available in this terminal")

    def _flag(self, word: str, name: str, equals: str, value: str) -> str:
        if name == "output" and equals:
            for kind in _OUTPUT_FILES:
                if value.startswith(kind):
                    value = kind + self._file(value[len(kind) :])
            return f"--output={value}"
        if name not in self._file_flags or not equals:
            return word if word.startswith("--") or not _booleans(word) else "-" + word[len(_booleans(word)) :]
        if name == "template" and "{{" in value:
            return f"--template={value}"
        if name == "from-file" and "=" in value:
            key, _, path = value.partition("=")
            return f"--from-file={key}={self._file(path)}"
        return f"--{name}=" + ",".join(self._file(path) for path in value.split(","))

    def _file(self, path: str) -> str:
        if path == "-":
            return path
        if _REMOTE.search(path):
            raise Refused(f'"{path}": only files of this machine can be used here, nothing remote')
        whole = posixpath.normpath(posixpath.join(self._cwd, path))
        self.files.append(whole)
        return self._place(whole)


def _booleans(word: str) -> str:
    """The short flags without value in front of the one that has one: "-A" of "-Aowide"."""
    count = next((index for index, letter in enumerate(word[1:]) if letter in _SHORT), 0)
    return word[: count + 1] if count else ""


_PLUGINS = frozenset(["helmCharts", "helmChartInflationGenerator", "helmGlobals", "generators", "transformers", "validators", "openapi"])


def check_kustomization(text: str, directory: str = "/") -> list[str]:
    """The paths, within the shell, that a kustomization in this directory may mean. Raises Refused when it names something
    remote, something outside the shell's file system, or a program to run; however the YAML spells it."""
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        raise Refused("this kustomization is not valid YAML") from None
    if isinstance(found, dict) and _PLUGINS & found.keys():
        raise Refused("this kustomization asks for a plugin: only local files can be used here")
    paths = []
    for each in _strings(found):
        if _REMOTE.search(each):
            raise Refused("this kustomization names something remote: only local files can be used here")
        paths += [_within(part, directory) for part in (each, each.rpartition("=")[2]) if "\n" not in part]
    return [path for path in dict.fromkeys(paths) if path and path != directory]


def _within(word: str, directory: str) -> str:
    """Where in the shell the word leads, if it is a path. In the workspace ".." could climb out where it cannot here."""
    depth = len([part for part in directory.split("/") if part])
    for part in word.split("/"):
        depth += -1 if part == ".." else 0 if part in ("", ".") else 1
        if depth < 0:
            raise Refused(f'"{word}" lies outside this machine')
    if word.startswith("/"):
        raise Refused(f'"{word}": a kustomization names files relative to itself')
    return posixpath.normpath(posixpath.join(directory, word))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(each)
