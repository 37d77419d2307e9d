"""agnhost, the image of Kubernetes' own tests: one program with many faces, chosen by its first argument."""

from __future__ import annotations

from dataclasses import replace

from cluster_core.machinery.containers import Launch
from cluster_core.workloads.argv import Plan
from cluster_core.workloads.catalogue import Program

_SERVERS = {"netexec": 8080, "serve-hostname": 9376, "test-webserver": 80, "liveness": 8080, "guestbook": 80,
            "dns-server-echo": 53, "connect": 0, "grpc-health-checking": 5000, "webhook": 443,
            "crd-conversion-webhook": 443}  # fmt: skip
_PORT_FLAGS = ("--http-port", "--port", "--grpc-port")


def refine(plan: Plan, launch: Launch) -> Plan:
    """The plan, when it is agnhost, of what its arguments say."""
    if plan.program.kind != "agnhost":
        return plan
    words = list(plan.argv[1:]) or ["pause"]
    name = words[0]
    if name in _SERVERS:
        port = _flag(words, _PORT_FLAGS) or str(_SERVERS[name])
        program = Program(f"agnhost {name}", ports=(int(port),), memory=5, stop=(2, 0.1))
        return replace_program(plan, program)
    if name in ("mounttest", "entrypoint-tester", "env", "inclusterclient"):
        return _script(plan, name, words[1:], launch)
    return replace_program(plan, Program(f"agnhost {name}", memory=5, stop=(0, 0.1)))


def replace_program(plan: Plan, program: Program) -> Plan:
    return plan._replace(program=replace(program))


def _flag(words: list[str], names: tuple[str, ...]) -> str:
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else (words[index + 1] if index + 1 < len(words) else "")
    return ""


def _script(plan: Plan, name: str, words: list[str], launch: Launch) -> Plan:
    if name == "entrypoint-tester":
        return plan._replace(kind="script", script=f"echo '[/agnhost entrypoint-tester {' '.join(words)}]'")
    if name == "mounttest":
        return plan._replace(kind="script", script="\n".join(_mounttest(words)) or "true")
    return plan._replace(kind="script", script="env")


def _mounttest(words: list[str]) -> list[str]:
    """What each flag has it print."""
    lines = []
    for word in words:
        name, _, value = word.lstrip("-").partition("=")
        for path in value.split(","):
            if name in ("file_content", "file_content_in_loop"):
                lines.append(f'echo "content of file \\"{path}\\": $(cat {path})"')
            elif name == "file_mode":
                lines.append(f'echo "mode of file \\"{path}\\": -rw-r--r--"')
            elif name == "fs_type":
                lines.append(f'echo "mount type of \\"{path}\\": tmpfs"')
    return lines
