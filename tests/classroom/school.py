"""A small school in a running product: two courses with their teachers, two students, and how each is asked as.

Accounts and sessions are made in the product's own database by `manage.py shell`; everything else goes over the wire.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import httpx
import websocket

from tests.playground.processes import ROOT, Playground

SETUP = """
import json
from datetime import timedelta
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import Permission
from django.utils import timezone
from playground.classroom import accounts, services
from playground.classroom.access import Who
from playground.classroom.models import ApiToken, Course, Membership

def person(name, *, teaches=False):
    user = get_user_model().objects.create_user(name, password="correct horse battery", first_name=name.title())
    if teaches:
        user.user_permissions.add(Permission.objects.get(codename="add_course"))
    return user

def session(user, seconds=3600):
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store.set_expiry(seconds)
    store.create()
    return store.session_key

teacher, stranger = person("teacher", teaches=True), person("stranger", teaches=True)
owner, classmate = person("owner"), person("classmate")
course = services.create_course(who=Who(teacher.pk), name="Alpha")
other = services.create_course(who=Who(stranger.pk), name="Beta")
Membership.objects.create(course=course, user=owner)
Membership.objects.create(course=course, user=classmate)
past = timezone.now() - timedelta(minutes=1)
_, expired = ApiToken.issue(name="old", scopes="read submit grade clusters teach", user=owner, expires=past)
people = {user.get_username(): user for user in (owner, classmate, teacher, stranger)}
print("SCHOOL" + json.dumps({
    "sessions": {name: session(user) for name, user in people.items()},
    "ids": {name: user.pk for name, user in people.items()},
    "expired_session": session(owner, -60),
    "expired_token": expired,
    "join_code": course.join_code,
}))
"""
CSRF = "c" * 32
PERSONAS = ("owner", "teacher", "classmate", "stranger", "anonymous", "expired")
"""The cluster's owner; the instructor of its course; another student of it; the instructor of another course; nobody; the
owner with a token that has expired."""


@dataclass
class School:
    playground: Playground
    client: httpx.Client
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, playground: Playground) -> School:
        command = [sys.executable, str(ROOT / "manage.py"), "shell", "-v", "0", "-c", SETUP]
        done = subprocess.run(command, cwd=ROOT, env=playground._environment, capture_output=True, text=True, timeout=60)
        assert "SCHOOL" in done.stdout, done.stderr
        return cls(playground, playground.client(), json.loads(done.stdout.split("SCHOOL", 1)[1]))

    def headers(self, persona: str) -> dict[str, str]:
        """What the persona's browser, or program, sends."""
        if persona == "anonymous":
            return {"X-CSRFToken": CSRF, "Cookie": f"csrftoken={CSRF}"}
        if persona == "expired":
            return {"Authorization": f"Bearer {self.facts['expired_token']}"}
        return {"X-CSRFToken": CSRF, "Cookie": f"csrftoken={CSRF}; sessionid={self.session(persona)}"}

    def session(self, persona: str) -> str:
        return str(self.facts["expired_session"] if persona == "expired" else self.facts["sessions"][persona])

    def ask(self, persona: str, method: str, path: str, **options: Any) -> httpx.Response:
        headers = self.headers(persona) | options.pop("headers", {})
        answer = self.client.request(method, path, headers=headers, **options)
        self.client.cookies.clear()  # who asks is in the headers
        return answer

    def make_cluster(self, persona: str = "owner", name: str = "garden", **spec: Any) -> str:
        made = self.ask(persona, "POST", "/api/v1/clusters/", json={"name": name, "nodes": 1, "seed": 1, **spec})
        assert made.status_code == 201, made.text
        return str(made.json()["name"])

    def socket(self, persona: str, path: str, **options: Any) -> websocket.WebSocket:
        cookie = None if persona == "anonymous" else f"sessionid={self.session(persona)}"
        address = f"ws://127.0.0.1:{self.playground.port}{path}"
        return websocket.create_connection(address, cookie=cookie, timeout=15, **options)
