"""Importing a class as CSV."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from playground.classroom import roster, services
from playground.classroom.access import Who
from playground.classroom.models import Course, Membership


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(roster.RosterError) as caught:
        roster.parse(text)
    return caught.value.problems


def test_a_class_is_read_with_its_lines() -> None:
    found = roster.parse("name,email,role\n Ada  Lovelace ,ada@example.org,\n\nAlan Turing,,assistant\n")
    assert found == [
        roster.Entry(2, "Ada Lovelace", "ada@example.org", "student"),
        roster.Entry(4, "Alan Turing", "", "assistant"),
    ]


def test_files_of_spreadsheets_are_read_too() -> None:
    assert roster.parse("\ufeffName;Email\r\n\"Müller, Eva\";eva@example.org\r\n")[0].name == "Müller, Eva"


def test_everything_that_is_wrong_is_told_by_line() -> None:
    text = "name,email,role\n,a@example.org,\nB,nonsense,\nC,a@example.org,king\n" + "x" * 200 + ",,\n"
    assert [line for line, _ in problems(text)] == [2, 3, 4, 4, 5]
    assert problems(text)[0][1] == "the name is missing"
    assert problems(text)[1][1] == '"nonsense" is no email address'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "must name the columns"),
        ("email\na@example.org\n", 1, "must name the columns"),
        ("name,phone\nA,1\n", 1, "not: phone"),
        ("name,name\nA,B\n", 1, "each once"),
        ("name\n", 2, "nobody is in it"),
        ("name\n" + "A\n" * 501, 2, "more than 500"),
        ("name\n" + "A" * 300_000, 1, "larger than"),
        ("name\nA\x07B\n", 2, "signs that cannot be shown"),
        ("name,role\nA,instructor\n", 2, 'role "instructor"'),
    ],
)
def test_what_is_no_roster_is_refused_with_a_reason(text: str, line: int, words: str) -> None:
    found = problems(text)
    assert found[0][0] == line
    assert words in found[0][1]


@pytest.fixture
def course(db: None, settings: Any) -> Course:
    settings.LOCAL_MODE = False
    teacher = get_user_model().objects.create_user("teacher")
    return services.create_course(who=Who(teacher.pk), name="Alpha")


def send(client: Client, text: str) -> Any:
    client.force_login(get_user_model().objects.get(username="teacher"))
    return client.post("/api/v1/courses/alpha/roster/", text, content_type="text/csv")


def test_new_accounts_come_with_codes_that_let_them_in(client: Client, course: Course) -> None:
    made = send(client, "name,email\nAda,ada@example.org\nAlan,\n").json()
    assert [each["name"] for each in made] == ["Ada", "Alan"]
    web = Client()
    assert web.post("/login/", {"how": "return", "return_code": made[0]["return_code"]}).status_code == 302
    assert web.get("/api/v1/me/").json()["username"] == made[0]["username"]


def test_who_is_in_the_course_already_is_not_made_twice(client: Client, course: Course) -> None:
    assert len(send(client, "name,email\nAda,ada@example.org\n").json()) == 1
    assert send(client, "name,email\nAda,ADA@example.org\n").json() == []
    assert Membership.objects.filter(course=course, role="student").count() == 1


def test_an_account_of_another_course_is_not_taken_over_by_its_address(client: Client, course: Course) -> None:
    get_user_model().objects.create_user("boss", email="boss@example.org")
    made = send(client, "name,email\nBoss,boss@example.org\n").json()
    assert made[0]["username"] != "boss"


def test_one_bad_line_imports_nobody(client: Client, course: Course) -> None:
    refused = send(client, "name,email\nAda,ada@example.org\n,x\n")
    assert refused.status_code == 400
    assert {each["line"] for each in refused.json()["errors"]["lines"]} in ({"3"}, {3})
    assert Membership.objects.filter(course=course, role="student").count() == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_names_with_accents_come_whole_from_whatever_spreadsheet(encoding: str) -> None:
    assert [each.name for each in roster.parse(roster.decoded("name\nJosé Müller\n".encode(encoding)))] == ["José Müller"]


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(roster.RosterError, match="line 1: the file is not text"):
        roster.decoded(b"\x81\x8d\x8f")


def test_over_rest_each_line_is_named_in_the_message(client: Client, course: Course) -> None:
    client.force_login(course.memberships.get().user)
    answer = client.post(f"/api/v1/courses/{course.slug}/roster/", "name,role\n,student\nAda,boss\n", content_type="text/csv")
    told = answer.json()["message"]
    assert (answer.status_code, told.split("; ")[0]) == (400, "line 2: the name is missing")
    assert 'line 3: the role "boss"' in told
