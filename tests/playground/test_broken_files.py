"""A file that cannot be used hides no other, and teachers are told what is wrong with it."""

from __future__ import annotations

import html
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.test import Client

from playground.classroom.access import Who
from playground.classroom.models import Course, Membership
from playground.classroom.services import create_course
from playground.demos.models import StoredDemo

pytestmark = pytest.mark.django_db
BASE: Path = project.BASE_DIR
BROKEN = {
    "exercises": ("02-broken.yaml", b"apiVersion: playground.dev/v1alpha1\nkind: Exercise\nmetadata: {name: broken}\nspec: {title: 3}\n", "02-broken.yaml:4: spec"),
    "lessons": ("02-broken.md", b"---\ntitle: Broken\norder: 2\nsteps:\n- {name: No such section, checks: [{name: a, cel: 'true'}], solution: {manifests: x}}\n---\nText\n", 'there is no section "## No such section"'),
    "demos": ("broken.yaml", b"kind: Demo", "broken.yaml:1"),
}  # fmt: skip
GOOD = {"exercises": "01-first-pod.yaml", "lessons": "01-first-pod.md", "demos": "node-loss.yaml"}
SHOWN = {"exercises": "/exercises/first-pod/", "lessons": "/lessons/first-pod/", "demos": "/demos/node-loss/file/"}


@pytest.fixture(params=BROKEN)
def what(request: pytest.FixtureRequest, tmp_path: Path, settings: Any) -> str:
    """A folder with one file as it should be and one as it should not."""
    name: str = request.param
    folder = tmp_path / name
    folder.mkdir()
    shutil.copy(BASE / name / GOOD[name], folder)
    (folder / BROKEN[name][0]).write_bytes(BROKEN[name][1])
    settings.EXERCISES, settings.LESSONS, settings.DEMOS = [folder], folder, folder
    return name


def page(what: str, web: Client) -> str:
    answer = web.get(f"/{what}/")
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_the_list_shows_the_rest_and_says_what_is_wrong(what: str) -> None:
    text = page(what, Client(HTTP_HOST="localhost"))
    assert SHOWN[what] in text and BROKEN[what][2] in text
    assert Client(HTTP_HOST="localhost").get(f"/api/v1/{what}/").status_code == 200


def test_students_are_not_told(what: str, settings: Any) -> None:
    settings.LOCAL_MODE = False
    teacher, student = (get_user_model().objects.create_user(name) for name in ("teacher", "student"))
    course: Course = create_course(who=Who(teacher.pk), name="Alpha")
    Membership.objects.create(course=course, user=student)
    told = {}
    for user in (teacher, student):
        web = Client(HTTP_HOST="localhost")
        web.force_login(user)
        told[user.username] = BROKEN[what][2] in page(what, web)
    assert told == {"teacher": True, "student": False}


def test_a_file_that_is_mended_is_there_at_once(what: str, settings: Any) -> None:
    web, folder = Client(HTTP_HOST="localhost"), settings.LESSONS
    assert BROKEN[what][2] in page(what, web)
    (folder / BROKEN[what][0]).unlink()
    assert "cannot be used" not in page(what, web)


@pytest.mark.parametrize("content", [b"\xff\xfe", b""])
def test_whatever_lies_in_the_folder(what: str, content: bytes, settings: Any) -> None:
    folder: Path = settings.LESSONS
    suffix = Path(GOOD[what]).suffix
    (folder / f"99-odd{suffix}").write_bytes(content)
    (folder / f"odd{suffix}").write_bytes((folder / GOOD[what]).read_bytes())
    (folder / f"98-folder{suffix}").mkdir()
    (folder / f"97-nowhere{suffix}").symlink_to(folder / "nothing")
    assert SHOWN[what] in page(what, Client(HTTP_HOST="localhost"))


def test_a_kept_demo_that_cannot_be_read_any_more_is_told_too() -> None:
    StoredDemo.objects.create(name="ancient", text="kind: Demo")
    text = page("demos", Client(HTTP_HOST="localhost"))
    assert "ancient:1" in text and SHOWN["demos"] in text
