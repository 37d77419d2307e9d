"""What a container runs: its command and arguments with the image's entrypoint, and what kind of process that is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cluster_core.machinery.containers import Launch
from cluster_core.workloads import netcat
from cluster_core.workloads.catalogue import APP, Entry, Program, programs
from cluster_core.workloads.images import entry_of

SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh"))
TOOLS = frozenset(
    ["sleep", "echo", "cat", "ls", "date", "env", "printenv", "true", "false", "tail", "head", "touch", "test", "[", "seq", "expr", "printf", "hostname", "id", "uname", "pwd", "mkdir", "rm", "cp", "mv", "ln", "chmod", "chown", "grep", "sed", "awk", "find", "xargs", "sort", "uniq", "wc", "cut", "tr", "tee", "yes", "nslookup", "wget", "curl", "nc", "ping", "dig", "host", "dd", "basename", "dirname", "whoami", "which", "kill", "timeout", "watch", "df", "du", "free", "ps", "top", "stat", "sha256sum", "md5sum", "base64", "tar", "gzip", "jq", "perl", "python", "python3", "mount", "hexdump", "od", "xxd", "sysctl", "ip", "nnp", "readlink", "realpath", "mktemp", "tac", "truncate", "nproc", "groups", "rev", "nl", "fold", "expand", "paste", "join", "comm", "split", "shuf", "factor", "strings", "file", "diff", "cmp", "less", "more", "column", "envsubst", "install", "rmdir", "nohup", "nice", "time", "arch", "uptime", "bc", "egrep", "fgrep", "gunzip", "bzip2", "unzip", "zip", "sync", "sha1sum", "sha512sum", "cksum", "tree", "link", "unlink", "openssl", "make", "sh", "apk", "apt-get", "apt", "yum", "kubectl", "redis-cli", "psql", "mysql", "mysqladmin", "mongo", "mongosh", "pg_isready"]
)
"""Programs that the shell knows, and which therefore really run."""
INTERPRETERS = frozenset(("python", "python3", "node", "java", "ruby", "php", "go", "npm", "yarn", "dotnet", "uvicorn", "gunicorn"))
_REFERENCE = re.compile(r"\$(\$|\(([^)]*)\))")


class Plan(NamedTuple):
    """What runs: "server" a program for ever, "script" a shell script, "missing" nothing, for argv[0] is not there."""

    kind: str
    program: Program = APP
    argv: tuple[str, ...] = ()
    script: str = ""
    positional: tuple[str, ...] = ()
    waits: bool = False
    """Whether the process, as number 1 without a handler, takes no notice of SIGTERM."""


def expand(text: str, values: Mapping[str, str]) -> str:
    """$(NAME) becomes the variable's value, $$ a dollar; unknown names stay."""
    return _REFERENCE.sub(lambda match: "$" if match[1] == "$" else values.get(match[2], match[0]), text)


def plan(launch: Launch) -> Plan:
    """What the container's main process is."""
    container = launch.container
    entry = entry_of(container["image"])
    command = [expand(part, launch.environment) for part in container.get("command", ())]
    args = [expand(part, launch.environment) for part in container.get("args", ())]
    if command:
        return of_argv([*command, *args], entry, launch.files, launch)
    program = programs()[entry.does] if entry else APP
    if args and (program.kind == "shell" or (entry is None and _is_program(args[0]))):
        return of_argv(args, entry, launch.files, launch)
    if program.kind == "script":
        return Plan("script", argv=(program.name, *args), script=program.script or shlex.join([program.name, *args]), positional=tuple(args))
    if program.kind == "shell" and (container.get("stdin") or container.get("tty")):
        return Plan("server", Program(program.name, stop=None), (program.name,), waits=True)
    return Plan("server", program, (program.name, *args))


def _is_program(word: str) -> bool:
    return word.rpartition("/")[2] in SHELLS | TOOLS


def of_argv(argv: Sequence[str], entry: Entry | None, files: Mapping[str, str], launch: Launch) -> Plan:
    """What this command line is in a container of that image."""
    name = argv[0].rpartition("/")[2]
    if entry is not None and not entry.shell and name in SHELLS | TOOLS:
        return Plan("missing", argv=tuple(argv))
    if name in SHELLS:
        return _shell(argv, files, launch)
    if argv[0] in files:
        return Plan("script", argv=tuple(argv), script=files[argv[0]], positional=tuple(argv[1:]), waits=True)
    program = netcat.server(argv) or programs().get("agnhost" if name == "agnhost-2" else name)
    if program is not None and program.kind != "shell":
        return Plan("server", program, tuple(argv))
    if name in ("python", "python3") and "http.server" in argv:
        return Plan("server", _http_server(argv), tuple(argv), waits=True)
    if name in TOOLS and not (name in INTERPRETERS and _is_file(argv)):
        return Plan("script", argv=tuple(argv), script=shlex.join(plain(argv)), waits=True)
    if entry is None or name in INTERPRETERS or argv[0].startswith(("/", "./")):
        return Plan("server", APP, tuple(argv), waits=name in INTERPRETERS)
    return Plan("missing", argv=tuple(argv))


_BINARIES = ("/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin")


def plain(argv: Sequence[str]) -> list[str]:
    """The command line with a program by its name alone where it is given by its place in the image."""
    place, _, name = argv[0].rpartition("/")
    return [name, *argv[1:]] if place in _BINARIES and name in TOOLS | SHELLS else list(argv)


def _is_file(argv: Sequence[str]) -> bool:
    """An interpreter with a program file of the image, which nobody can see."""
    return len(argv) > 1 and not argv[1].startswith("-")


def _http_server(argv: Sequence[str]) -> Program:
    rest = [part for part in argv[argv.index("http.server") + 1 :] if part.isdigit()]
    return Program("python", ports=(int(rest[0]) if rest else 8000,), stop=None, memory=12)


def _shell(argv: Sequence[str], files: Mapping[str, str], launch: Launch) -> Plan:
    options = [part for part in argv[1:] if part.startswith("-")]
    rest = [part for part in argv[1:] if not part.startswith("-")]
    if any("c" in part for part in options) and rest:
        strict = "set -e\n" if any("e" in part for part in options) else ""
        return Plan("script", argv=tuple(argv), script=strict + rest[0], positional=tuple(rest[2:]), waits=True)
    if rest:
        script = files.get(rest[0])
        if script is None:
            script = f"echo '{argv[0]}: {rest[0]}: No such file or directory' >&2; exit 127"
        return Plan("script", argv=tuple(argv), script=script, positional=tuple(rest[1:]), waits=True)
    if launch.container.get("stdin") or launch.container.get("tty"):
        return Plan("server", Program("sh", stop=None), tuple(argv), waits=True)
    return Plan("script", argv=tuple(argv), script="exit 0")
