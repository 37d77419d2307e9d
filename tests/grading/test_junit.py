"""JUnit XML as the programs that read it expect it: the rules of Jenkins' junit-10.xsd, and numbers that add up."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

import pytest

from playground.grading import render
from playground.grading.runner import grade

from .making import answer, exercise, pod

POD = {"count": {"kind": "Pod", "atLeast": 1}}
MORE = {"count": {"kind": "Pod", "atLeast": 2}}
EVENT = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "a"}}
OUTCOMES = {
    "passed": (exercise(POD), answer(pod("web"))),
    "failed": (exercise(POD, MORE), answer(pod("web"))),
    "extra": (exercise(POD, {**MORE, "extra": True}), answer(pod("web"))),
    "refused": (exercise(POD, MORE), answer(EVENT)),
    "budget": (exercise(POD, budget=1000, duration="100h"), answer(*(pod(f"crash-{n}", image="busybox") for n in range(5)))),
}
CHILDREN = {
    "testsuites": ["testsuite"],
    "testsuite": ["testcase", "system-out", "system-err"],
    "testcase": ["skipped", "error", "failure"],
}
ATTRIBUTES = {
    "testsuites": {"tests", "failures", "errors", "skipped"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
}


@pytest.fixture(scope="module")
def report() -> Xml.Element:
    verdicts = [(name, grade(*given).document()) for name, given in OUTCOMES.items()]
    return Xml.fromstring(render.junit(verdicts))


def test_only_known_elements_stand_in_their_order(report: Xml.Element) -> None:
    for element in report.iter():
        known = CHILDREN.get(element.tag, [])
        order = [known.index(child.tag) for child in element]  # ValueError: it may not stand here
        assert order == sorted(order)
        assert set(element.attrib) <= ATTRIBUTES.get(element.tag, set()), element.tag


def test_every_number_is_that_of_what_it_counts(report: Xml.Element) -> None:
    for element in (report, *report):
        found = {
            "tests": len(list(element.iter("testcase"))),
            "failures": len(list(element.iter("failure"))),
            "errors": len(list(element.iter("error"))),
            "skipped": len(list(element.iter("skipped"))),
        }
        assert {key: int(element.attrib[key]) for key in found} == found


def test_each_outcome_is_told_in_the_words_of_junit(report: Xml.Element) -> None:
    told = {suite.attrib["name"].removeprefix("test: "): [child.tag for child in suite.findall("testcase/*")] for suite in report}
    assert told == {
        "passed": [],
        "failed": ["failure"],
        "extra": ["skipped"],
        "refused": ["error", "failure", "failure"],
        "budget": ["error"],
    }


def test_times_are_virtual_seconds(report: Xml.Element) -> None:
    for suite in report:
        assert float(suite.attrib["time"]) >= max(float(case.attrib.get("time", 0)) for case in suite.findall("testcase"))
