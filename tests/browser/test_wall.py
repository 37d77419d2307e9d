"""The class wall, and what students see of it at their clusters, in a real browser over a school of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_screen import violations
from tests.classroom.school import School
from tests.playground.processes import running

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WALL = "/courses/alpha/wall/"
As = Callable[..., Page]


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running(tmp_path_factory.mktemp("school"), LOCAL_MODE="0") as playground:
        school = School.open(playground)
        yield school
        school.client.close()


@pytest.fixture
def as_(school: School, open_page: OpenPage) -> As:
    """as_("teacher", path): a page of somebody who is logged in."""

    def open_(persona: str, path: str, scheme: str = "light") -> Page:
        page = open_page("about:blank", scheme=scheme)
        page.context.add_cookies([{"name": "sessionid", "value": school.session(persona), "url": school.playground.url}])
        page.goto(school.playground.url + path)
        if path.startswith("/clusters/"):
            page.get_by_role("button", name="Skip").click()
        return page

    return open_


@pytest.fixture(scope="module")
def cluster(school: School) -> str:
    return school.make_cluster(course="alpha")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_wall_shows_every_student_and_is_accessible(as_: As, cluster: str, scheme: str) -> None:
    wall = as_("teacher", WALL, scheme)
    expect(wall.get_by_role("region", name=f"Owner: {cluster}").get_by_text("2 nodes, 0 of 0 pods ready")).to_be_visible()
    expect(wall.get_by_role("listitem").filter(has_text="Classmate")).to_contain_text("No cluster yet")
    assert violations(wall) == []


def test_progress_comes_as_the_student_gets_on(as_: As, school: School, cluster: str) -> None:
    wall = as_("teacher", WALL)
    wall.get_by_label("Exercise").select_option("first-pod")
    progress = wall.get_by_role("region", name=f"Owner: {cluster}").get_by_role("progressbar")
    expect(progress).to_have_attribute("aria-label", "0 of 2 checks pass")
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec: {containers: [{name: c, image: 'nginx:1.27'}]}\n"
    done = school.ask("owner", "POST", f"/api/v1/clusters/{cluster}/apply/", content=pod, headers={"Content-Type": "application/yaml"})
    assert done.status_code == 200, done.text
    expect(progress).not_to_have_attribute("aria-label", "0 of 2 checks pass")


def test_a_hint_and_a_wish_reach_the_student_and_the_answer_comes_back(as_: As, cluster: str) -> None:
    wall, desk = as_("teacher", WALL), as_("owner", f"/clusters/{cluster}/")
    card = wall.get_by_role("region", name=f"Owner: {cluster}")
    card.get_by_role("button", name="Hint").click()
    card.get_by_label("Hint for Owner").fill("Look at <b>events</b>")
    card.get_by_role("button", name="Send").click()
    card.get_by_role("button", name="Take over").click()
    expect(desk.get_by_text("Look at <b>events</b>")).to_be_visible()
    assert violations(desk) == []
    desk.get_by_role("button", name="Got it").click()
    expect(desk.get_by_text("Look at <b>events</b>")).to_be_hidden()
    desk.get_by_role("button", name="Allow").click()
    expect(card.get_by_role("button", name="Shared with you")).to_be_disabled()


def test_a_wish_asked_while_the_student_was_away_waits_for_them(as_: As, school: School) -> None:
    away = school.make_cluster("owner", "away", course="alpha")
    asked = school.ask("teacher", "POST", f"/api/v1/courses/alpha/clusters/{away}/take-over/")
    assert asked.status_code == 202, asked.text
    desk = as_("owner", f"/clusters/{away}/")
    with desk.expect_response("**/shares/*/"):
        desk.get_by_role("button", name="Not now").click()
    expect(desk.get_by_text("asks to work on your cluster")).to_be_hidden()
    assert school.ask("owner", "GET", f"/api/v1/clusters/{away}/shares/").json() == []


def test_the_class_follows_its_teacher_and_goes_on_from_there(as_: As, school: School, cluster: str) -> None:
    shown = school.make_cluster("teacher", "lecture", course="alpha")
    wall, desk = as_("teacher", WALL), as_("owner", f"/clusters/{cluster}/")
    wall.get_by_label("The class follows").select_option(shown)
    desk.get_by_role("link", name="Follow the teacher").click()
    desk.wait_for_url(f"**/clusters/{shown}/")
    desk.get_by_role("button", name="Go on from here").click()
    desk.wait_for_url("**/clusters/my-lecture-*/")
    wall.get_by_label("The class follows").select_option("")


def test_freeze_timer_push_and_collect_from_the_wall(as_: As, cluster: str) -> None:
    wall, desk = as_("teacher", WALL), as_("owner", f"/clusters/{cluster}/")
    wall.get_by_role("button", name="Start timer").click()
    expect(desk.get_by_text("Time left")).to_be_visible()
    wall.get_by_role("button", name="Stop timer").click()
    expect(desk.get_by_text("Time left")).to_be_hidden()
    wall.get_by_role("button", name="Freeze").click()
    expect(desk.get_by_text("The class is frozen")).to_be_visible()
    wall.get_by_role("button", name="Let go on").click()
    expect(desk.get_by_text("The class is frozen")).to_be_hidden()
    wall.get_by_text("Send something to everybody's cluster").click()
    wall.get_by_label("Manifests").fill("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pushed}\n")
    wall.get_by_role("button", name="Send to everybody").click()
    expect(wall.get_by_role("status").filter(has_text="Done in")).to_be_visible()
    wall.get_by_label("Exercise").select_option("first-pod")
    wall.get_by_role("button", name="Collect").click()
    expect(wall.get_by_role("status").filter(has_text="being graded")).to_be_visible()
