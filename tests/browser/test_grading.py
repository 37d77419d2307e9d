"""The link of a failed check in a real browser: the graded cluster opens at the moment it failed, on the scrubber."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from playground.grading import catalogue
from tests.playground.processes import Playground, running
from tools import setup

from .conftest import OpenPage, wait

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    setup.bundle(dev=False)
    with running(tmp_path_factory.mktemp("graded") / "data") as product:
        yield product


def test_a_failed_check_leads_to_the_cluster_at_that_moment(open_page: OpenPage, playground: Playground) -> None:
    slow = catalogue.find("node-loss").starter.files["manifests.yaml"]
    with playground.client() as web:
        made = web.post(
            "/api/v1/exercises/node-loss/submissions/", params={"wait": 30}, json={"manifests": slow}, timeout=60
        ).json()
    check = next(each for each in made["verdict"]["checks"] if not each["passed"])
    page = open_page(f"{playground.url}{made['links'][check['name']]}")
    expect(page.get_by_role("heading")).to_contain_text(check["name"])
    page.get_by_role("button", name="Open the cluster at this moment").click()
    page.get_by_role("button", name="Skip").click()
    revision = check["evidence"]["revision"]
    expect(page.locator(".timeline-caption")).to_contain_text("revision", ignore_case=True)
    assert page.url.endswith(f"?revision={revision}")
    wait(page, "playground.store.kind('Pod').size > 10", 20)
    page.get_by_role("slider", name="History").focus()
    page.keyboard.press("Home")
    wait(
        page,
        "playground.store.state.past !== null && playground.store.all('Deployment').every((each) => each.ns === 'kube-system')",
        20,
    )
    page.get_by_role("button", name="Back to now").click()
    wait(page, "!new URL(location.href).searchParams.has('revision')")
