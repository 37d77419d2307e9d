"""Getting in and out: passwords, join codes, personal codes, limits on attempts, CSRF, and what refusals do not tell."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from playground.classroom import accounts, attempts, codes, services
from playground.classroom.access import Who
from playground.classroom.models import ApiToken, Course, Membership

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def classroom(settings: Any) -> None:
    settings.LOCAL_MODE = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def teacher() -> Any:
    return get_user_model().objects.create_user("teacher", password=PASSWORD)


@pytest.fixture
def course(teacher: Any) -> Course:
    return services.create_course(who=Who(teacher.pk), name="Alpha")


def log_in(web: Client, username: str, password: str, **more: str) -> Any:
    return web.post("/login/", {"how": "account", "username": username, "password": password, **more})


def join(web: Client, code: str, name: str = "Ada Lovelace") -> Any:
    return web.post("/login/", {"how": "join", "code": code, "name": name})


def test_a_password_opens_an_account_and_logging_out_closes_it(client: Client, teacher: Any) -> None:
    assert log_in(client, "teacher", PASSWORD)["Location"] == "/mine/"
    assert client.get("/api/v1/me/").json()["username"] == "teacher"
    assert client.post("/logout/").status_code == 302
    assert client.get("/api/v1/me/").status_code == 401


def test_after_the_login_one_is_where_one_wanted_to_go_but_never_elsewhere(client: Client, teacher: Any) -> None:
    assert log_in(client, "teacher", PASSWORD, next="/lessons/")["Location"] == "/lessons/"
    for foreign in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        assert log_in(client, "teacher", PASSWORD, next=foreign)["Location"] == "/mine/"


def test_a_wrong_name_and_a_wrong_password_are_answered_the_same(client: Client, teacher: Any) -> None:
    by_name, by_password = log_in(client, "nobody", PASSWORD), log_in(client, "teacher", "wrong")
    assert by_name.status_code == by_password.status_code == 400
    texts = [answer.content.decode().split('role="alert"')[1].split("</p>")[0] for answer in (by_name, by_password)]
    assert texts[0] == texts[1]


def test_an_account_that_fails_too_often_has_to_wait_also_when_it_is_not_there(client: Client, teacher: Any) -> None:
    for username in ("teacher", "nobody"):
        answers = [log_in(client, username, "wrong").status_code for _ in range(attempts.PER_ACCOUNT + 1)]
        assert answers == [400] * attempts.PER_ACCOUNT + [429]
    assert log_in(client, "teacher", PASSWORD).status_code == 429  # also with the right one: no way to try on


def test_success_costs_no_attempts(client: Client, teacher: Any) -> None:
    assert [log_in(client, "teacher", PASSWORD).status_code for _ in range(20)] == [302] * 20


def test_an_address_that_guesses_codes_has_to_wait(client: Client, course: Course) -> None:
    answers = [join(client, "ABCD-EFGH").status_code for _ in range(attempts.PER_ADDRESS + 1)]
    assert answers[-2:] == [400, 429]


def test_a_name_and_the_code_are_enough_and_a_personal_code_leads_back(client: Client, course: Course) -> None:
    typed = codes.shown(course.join_code).lower()
    assert join(client, typed)["Location"] == "/welcome/"
    page = client.get("/welcome/").content.decode()
    personal = page.split('class="class-code">')[1].split("<")[0]
    assert personal not in client.get("/welcome/").content.decode()  # shown once
    me = client.get("/api/v1/me/").json()
    assert [each["role"] for each in me["courses"]] == ["student"]
    user = get_user_model().objects.get(pk=me["id"])
    assert (user.first_name, user.has_usable_password()) == ("Ada Lovelace", False)
    other = Client()
    assert other.post("/login/", {"how": "return", "return_code": personal.lower()}).status_code == 302
    assert other.get("/api/v1/me/").json()["id"] == me["id"]
    assert Client().post("/login/", {"how": "return", "return_code": "AAAA"}).status_code == 400


def test_two_of_one_name_are_two_people(course: Course) -> None:
    ids = set()
    for _ in range(2):
        web = Client()
        join(web, course.join_code)
        ids.add(web.get("/api/v1/me/").json()["id"])
    assert len(ids) == 2


def test_who_has_an_account_joins_with_it(client: Client, course: Course) -> None:
    get_user_model().objects.create_user("grace", password=PASSWORD)
    log_in(client, "grace", PASSWORD)
    assert join(client, course.join_code)["Location"] == "/courses/alpha/"
    assert Membership.objects.get(course=course, user__username="grace").role == "student"


def test_a_code_ends_by_rotation_by_closing_and_by_time(course: Course) -> None:
    first = course.join_code
    second = accounts.new_join_code(course=course, hours=1)
    assert join(Client(), first).status_code == 400
    assert join(Client(), second).status_code == 302
    course.join_code_expires = timezone.now() - timedelta(seconds=1)
    course.save()
    assert join(Client(), second).status_code == 400
    third = accounts.new_join_code(course=course)
    services.close_joining(course=course)
    assert join(Client(), third).status_code == 400
    assert join(Client(), "").status_code == 400


def test_a_session_ends(client: Client, teacher: Any) -> None:
    log_in(client, "teacher", PASSWORD)
    session = client.session
    session.set_expiry(-1)
    session.save()
    assert client.get("/api/v1/me/").status_code == 401


def test_a_closed_account_is_out_at_once(client: Client, teacher: Any) -> None:
    log_in(client, "teacher", PASSWORD)
    teacher.is_active = False
    teacher.save()
    assert client.get("/api/v1/me/").status_code == 401


def test_a_session_changes_nothing_without_the_csrf_token(teacher: Any) -> None:
    web = Client(enforce_csrf_checks=True)
    assert log_in(web, "teacher", PASSWORD).status_code == 403
    web.force_login(teacher)
    body = json.dumps({"name": "ci", "scopes": ["read"]})
    refused = web.post("/api/v1/tokens/", body, content_type="application/json")
    assert (refused.status_code, "CSRF" in refused.json()["message"]) == (403, True)
    assert web.post("/courses/", {"name": "X"}).status_code == 403
    assert not ApiToken.objects.exists()


def test_a_token_does_what_its_scopes_say_and_makes_no_other(client: Client, teacher: Any, course: Course) -> None:
    log_in(client, "teacher", PASSWORD)
    made = client.post("/api/v1/tokens/", {"name": "ci", "scopes": ["read"]}, content_type="application/json")
    assert made.status_code == 201
    bearer = {"Authorization": f"Bearer {made.json()['secret']}"}
    program = Client(headers=bearer)
    assert program.get("/api/v1/courses/alpha/").status_code == 200
    refused = program.post("/api/v1/courses/alpha/freeze/", {"frozen": True}, content_type="application/json")
    assert (refused.status_code, refused.json()["message"]) == (403, "the API token does not have the scope teach")
    more = program.post("/api/v1/tokens/", {"name": "x", "scopes": ["teach"]}, content_type="application/json")
    assert more.status_code == 403
    assert "secret" not in client.get("/api/v1/tokens/").json()[0]
    assert client.delete(f"/api/v1/tokens/{made.json()['id']}/").status_code == 204
    assert program.get("/api/v1/courses/alpha/").status_code == 401


def test_a_course_keeps_an_instructor(client: Client, teacher: Any, course: Course) -> None:
    client.force_login(teacher)
    member = Membership.objects.get(course=course, user=teacher)
    address = f"/api/v1/courses/alpha/members/{member.pk}/"
    refused = client.delete(address)
    assert (refused.status_code, "instructor" in str(refused.json())) == (400, True)
    lowered = client.patch(address, {"role": "student"}, content_type="application/json")
    assert lowered.status_code == 400


def test_an_assistant_helps_but_does_not_manage(client: Client, course: Course) -> None:
    user = get_user_model().objects.create_user("helper")
    Membership.objects.create(course=course, user=user, role=Membership.Role.ASSISTANT)
    client.force_login(user)
    assert client.get("/api/v1/courses/alpha/members/").status_code == 200
    assert client.get("/api/v1/courses/alpha/code/").status_code == 200
    assert client.post("/api/v1/courses/alpha/code/", {}, content_type="application/json").status_code == 403
    assert client.post("/courses/alpha/", {"action": "rotate"}).status_code == 403


def test_who_may_not_make_courses_is_refused(client: Client, teacher: Any) -> None:
    client.force_login(teacher)
    assert client.post("/api/v1/courses/", {"name": "New"}, content_type="application/json").status_code == 403


def test_the_command_makes_a_teacher_with_a_password_worth_the_name(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("short\n"))
    with pytest.raises(CommandError, match="too short"):
        call_command("teacher", "mary", "--stdin")
    assert not get_user_model().objects.filter(username="mary").exists()
    monkeypatch.setattr("sys.stdin", StringIO(f"{PASSWORD}\n"))
    call_command("teacher", "mary", "--stdin", "--name", "Mary", stdout=StringIO())
    log_in(client, "mary", PASSWORD)
    assert client.post("/courses/", {"name": "Cloud"})["Location"] == "/courses/cloud/"
    assert b"Cloud" in client.get("/courses/cloud/").content


def test_pages_speak_german_too(client: Client) -> None:
    page = client.get("/login/", headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="de">' in page and "Einem Kurs beitreten" in page
    refused = client.post("/login/", {"how": "join", "code": "x", "name": "y"}, headers={"Accept-Language": "de"})
    assert "Diesen Code hat gerade kein Kurs" in refused.content.decode()


def test_in_local_mode_there_is_nothing_to_log_in_to(client: Client, settings: Any) -> None:
    settings.LOCAL_MODE = True
    assert client.get("/login/")["Location"] == "/"
    assert client.get("/mine/").status_code == 404
    assert client.get("/api/v1/clusters/").status_code == 200


def test_a_course_may_be_named_in_any_script(client: Client) -> None:
    user = get_user_model().objects.create_user("li")
    user.user_permissions.add(Permission.objects.get(codename="add_course"))
    client.force_login(user)
    made = client.post("/api/v1/courses/", {"name": "容器编排"}, content_type="application/json")
    assert (made.status_code, made.json()["name"]) == (201, "容器编排")
    assert client.get(f"/courses/{made.json()['slug']}/").status_code == 200


def test_what_was_typed_is_still_there_when_it_was_wrong(client: Client, course: Course, teacher: Any) -> None:
    client.force_login(teacher)
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: mine}\nspec: {containers: [{name: c}]}"
    wrong = client.post("/courses/alpha/", {"action": "template", "name": "shop", "nodes": "2", "manifests": text})
    page = wrong.content.decode()
    assert (wrong.status_code, "spec.containers[0].image" in page) == (400, True)
    assert "metadata: {name: mine}" in page and 'value="shop"' in page and 'value="2"' in page
    wrong = client.post("/courses/alpha/", {"action": "import", "text": "name,role\nAda,boss"})
    assert (wrong.status_code, "Ada,boss" in wrong.content.decode()) == (400, True)
