"""A class begins: 100 students log in within a minute, each makes a cluster, applies a deployment and watches its pods.

Half come with the course's code, half with an account and password. Through the web process, from one other process.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import httpx

from .durable import percentile
from .served import ROOT, Served, playground

STUDENTS = 100
WITHIN_SECONDS = 55.0
PASSWORD = "correct horse battery staple"
LOOKS = 5
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'nginx:1.27'}]}
"""
SETUP = f"""
from django.contrib.auth import get_user_model
from playground.classroom import services
from playground.classroom.access import Who
from playground.classroom.models import Membership
teacher = get_user_model().objects.create_user("teacher")
course = services.create_course(who=Who(teacher.pk), name="Load")
for number in range({STUDENTS // 2}):
    user = get_user_model().objects.create_user(f"student-{{number}}", password={PASSWORD!r})
    Membership.objects.create(course=course, user=user)
print("CODE=" + course.join_code)
"""
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


@dataclass
class Results:
    """Milliseconds of every command by what it was, and what went wrong."""

    times: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    async def timed(self, what: str, work: Awaitable[httpx.Response]) -> httpx.Response:
        begin = perf_counter()
        answer = await work
        self.times.setdefault(what, []).append((perf_counter() - begin) * 1000)
        if answer.status_code >= 400:
            raise AssertionError(f"{what}: {answer.status_code} {answer.text[:200]}")
        return answer

    @property
    def commands(self) -> list[float]:
        return [time for times in self.times.values() for time in times]


@dataclass
class Student:
    """One browser with kubectl beside it."""

    client: httpx.AsyncClient
    results: Results
    headers: dict[str, str] = field(default_factory=dict)

    async def log_in(self, form: dict[str, str]) -> None:
        page = await self.results.timed("login page", self.client.get("/login/"))
        sent = {**form, "csrfmiddlewaretoken": _found(page.text)}
        answer = await self.results.timed("log in", self.client.post("/login/", data=sent))
        assert answer.status_code == 302, answer.text[:300]
        self.headers = {"X-CSRFToken": self.client.cookies["csrftoken"]}

    async def ask(self, what: str, method: str, path: str, **options: Any) -> httpx.Response:
        headers = self.headers | options.pop("headers", {})
        return await self.results.timed(what, self.client.request(method, path, headers=headers, **options))

    async def work(self) -> None:
        made = await self.ask("create", "POST", "/api/v1/clusters/", json={"name": "load", "nodes": 3})
        name = made.json()["name"]
        pods = f"/clusters/{name}/k8s/api/v1/namespaces/default/pods"
        async with asyncio.TaskGroup() as both:
            both.create_task(self.watch(f"{pods}?watch=1"))
            both.create_task(self.apply_and_look(name, pods))

    async def apply_and_look(self, name: str, pods: str) -> None:
        yaml = {"Content-Type": "application/yaml"}
        await self.ask("apply", "POST", f"/api/v1/clusters/{name}/apply/", content=DEPLOYMENT, headers=yaml)
        for _ in range(LOOKS):
            await self.ask("get pods", "GET", pods)
            await asyncio.sleep(0.5)

    async def watch(self, path: str) -> None:
        """Until three pods run."""
        running: set[str] = set()
        async with asyncio.timeout(60), self.client.stream("GET", path, headers=self.headers) as answer:
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                pod = json.loads(line)["object"]
                if pod.get("status", {}).get("phase") == "Running":
                    running.add(pod["metadata"]["name"])
                if len(running) == 3:
                    return


def _found(page: str) -> str:
    match = _TOKEN.search(page)
    assert match, "the login page has no CSRF token"
    return match[1]


async def _student(served: Served, number: int, code: str, results: Results) -> None:
    await asyncio.sleep(number * WITHIN_SECONDS / STUDENTS)
    if number % 2:
        form = {"how": "join", "code": code, "name": f"Student {number}"}
    else:
        form = {"how": "account", "username": f"student-{number // 2}", "password": PASSWORD}
    base = f"http://127.0.0.1:{served.port}"
    async with httpx.AsyncClient(base_url=base, verify=False, timeout=60) as client:
        student = Student(client, results)
        await _noting(results, number, lambda: _day(student, form))


async def _day(student: Student, form: dict[str, str]) -> None:
    await student.log_in(form)
    await student.work()


async def _noting(results: Results, number: int, work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except (AssertionError, TimeoutError, httpx.HTTPError, KeyError, ExceptionGroup) as error:
        results.errors.append(f"student {number}: {type(error).__name__} {error}")


async def _class(served: Served, code: str) -> tuple[Results, float]:
    results, begin = Results(), perf_counter()
    await asyncio.gather(*(_student(served, number, code, results) for number in range(STUDENTS)))
    return results, perf_counter() - begin


def _open_course(served: Served) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "-v", "0", "-c", SETUP]
    done = subprocess.run(command, cwd=ROOT, env=served.environment, capture_output=True, text=True, check=True)
    return done.stdout.split("CODE=")[1].strip()


def figures() -> dict[str, float]:
    with playground(LOCAL_MODE="0") as served:
        results, seconds = asyncio.run(_class(served, _open_course(served)))
    for error in results.errors[:5]:
        print(error, file=sys.stderr)
    for what, times in results.times.items():
        print(f"  {what:<12} {len(times):>5}   p50 {percentile(times, 0.5):>7.1f} ms   p99 {percentile(times, 0.99):>7.1f} ms")
    return {
        "class_100_errors": float(len(results.errors)),
        "class_100_p99_ms": percentile(results.commands, 0.99),
        "class_100_seconds": seconds,
    }
