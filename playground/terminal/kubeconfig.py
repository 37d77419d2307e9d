"""As whom kubectl runs in a terminal: what the command line, KUBECONFIG and ~/.kube/config on the machine say.

Such a file is only ever read by us: kubectl itself gets one that leads to this cluster and nowhere else.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

USUAL = "/root/.kube/config"
_ADMINS = frozenset(("kubernetes-admin", "kubernetes-super-admin", ""))
_OURS = ("kubeconfig", "context")


class Given(NamedTuple):
    """A kubectl command line without what chooses a kubeconfig file and a context in it."""

    argv: list[str]
    path: str
    context: str
    is_config: bool
    """Whether it is `kubectl config`."""


class Who(NamedTuple):
    """Why kubectl gets nowhere, in its words; else the namespace and the user entry it runs with."""

    problem: str = ""
    namespace: str = ""
    user: Mapping[str, Any] = {}


NOBODY = Who()


def extract(argv: list[str], environment: Mapping[str, str], cwd: str) -> Given:
    end = argv.index("--") if "--" in argv else len(argv)
    chosen: dict[str, str] = {}
    words: list[str] = []
    rest = argv[:end]
    while rest:
        word = rest.pop(0)
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or name not in _OURS:
            words.append(word)
            continue
        chosen[name] = value if equals else rest.pop(0) if rest else ""
    named = chosen.get("kubeconfig") or environment.get("KUBECONFIG", "").partition(":")[0]
    path = posixpath.normpath(posixpath.join(cwd, named)) if named else ""
    plain = [word for word in words if not word.startswith("-")]
    is_config = plain[:1] == ["config"] and words[:1] == ["config"]
    if is_config and "context" in chosen:
        words.append(f"--context={chosen['context']}")
    return Given([*words, *argv[end:]], path, chosen.get("context", ""), is_config)


_LETTERS = re.compile(r"-[a-z]*t[a-z]*")


def wants_terminal(argv: list[str]) -> bool:
    """Whether the command is for somebody at a terminal: exec, attach, run or debug with -t."""
    end = argv.index("--") if "--" in argv else len(argv)
    plain = [word for word in argv[:end] if not word.startswith("-")]
    flags = [word for word in argv[:end] if word.startswith("-")]
    tty = any(word in ("--tty", "--tty=true") or bool(_LETTERS.fullmatch(word)) for word in flags)
    return tty and plain[:1] != [] and plain[0] in ("exec", "attach", "run", "debug")


def credentials(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The user entry for what the engine made of a kubeconfig: somebody to act as, or nothing for the administrator."""
    if answer["user"] in _ADMINS:
        return {}
    groups = [group for group in answer["groups"] if group != "system:authenticated"]
    return {"as": answer["user"], **({"as-groups": groups} if groups else {})}
