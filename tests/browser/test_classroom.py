"""The pages of accounts and courses in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_screen import violations
from tests.classroom.school import School
from tests.playground.processes import running

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running(tmp_path_factory.mktemp("school"), LOCAL_MODE="0") as playground:
        school = School.open(playground)
        cluster = school.make_cluster(course="alpha")
        school.ask("teacher", "POST", f"/api/v1/courses/alpha/clusters/{cluster}/hints/", json={"text": "Look!"})
        school.ask("teacher", "POST", f"/api/v1/courses/alpha/clusters/{cluster}/take-over/")
        school.ask("owner", "POST", f"/api/v1/clusters/{cluster}/shares/", json={"username": "classmate"})
        yield school
        school.client.close()


def visit(open_page: OpenPage, school: School, persona: str, path: str, **options: str) -> Page:
    page = open_page("about:blank", **options)
    if persona:
        page.context.add_cookies([{"name": "sessionid", "value": school.session(persona), "url": school.playground.url}])
    page.goto(school.playground.url + path)
    return page


@pytest.mark.complaints  # a refused page says so
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_no_page_breaks_accessibility_rules(open_page: OpenPage, school: School, scheme: str, size: str) -> None:
    for persona, path in (
        ("", "/login/"),
        ("owner", "/mine/"),
        ("owner", "/courses/alpha/"),
        ("teacher", "/courses/"),
        ("teacher", "/courses/alpha/"),
        ("teacher", "/courses/alpha/wall/"),
        ("owner", "/courses/alpha/wall/"),  # refused
        ("owner", "/courses/none/"),
    ):
        page = visit(open_page, school, persona, path, scheme=scheme, size=size)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than the window"


def test_a_student_joins_comes_back_and_makes_a_cluster_by_keyboard_alone(open_page: OpenPage, school: School) -> None:
    page = visit(open_page, school, "", "/login/")
    page.get_by_label("Code of the course").focus()
    page.keyboard.type(school.facts["join_code"].lower())
    page.keyboard.press("Tab")
    page.keyboard.type("Grace Hopper")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Welcome, Grace Hopper")).to_be_visible()
    code = page.locator("output").inner_text()
    page.get_by_role("button", name="Log out").press("Enter")
    page.get_by_label("Personal code").fill(code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="My clusters")).to_be_visible()
    page.get_by_label("Name").fill("first")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="first-")).to_be_visible()


def test_an_owner_answers_a_wish_and_has_seen_a_hint(open_page: OpenPage, school: School) -> None:
    page = visit(open_page, school, "owner", "/mine/")
    page.get_by_role("button", name="Got it").click()
    expect(page.get_by_text("Look!")).to_have_count(0)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("Teacher: may work on it")).to_be_visible()


def test_deleting_asks_first(open_page: OpenPage, school: School) -> None:
    name = school.make_cluster("classmate", name="gone")
    page = visit(open_page, school, "classmate", "/mine/")
    answers: list[str] = []
    page.once("dialog", lambda dialog: (answers.append(dialog.message), dialog.dismiss()))
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name=name)).to_be_visible()
    assert answers == [f"Delete {name} and everything in it?"]
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name=name)).to_have_count(0)


@pytest.mark.complaints  # a form that is wrong is answered with 400
def test_a_teacher_imports_a_roster_and_hands_out_codes(open_page: OpenPage, school: School) -> None:
    page = visit(open_page, school, "teacher", "/courses/alpha/")
    page.get_by_label("or the text").fill("name,email\nAda Lovelace,nonsense")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text('line 2: "nonsense" is no email address')
    page.get_by_label("or the text").fill("name\nAda Lovelace")
    page.get_by_role("button", name="Import").click()
    codes = page.get_by_role("region", name="Personal codes")
    expect(codes.get_by_role("cell", name="Ada Lovelace")).to_be_visible()
    assert violations(page) == []
