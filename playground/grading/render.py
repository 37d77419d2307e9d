"""Verdicts for people and other programs: JUnit XML, Markdown, a gradebook as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as Xml

from django.utils.translation import gettext as _

Document = Mapping[str, Any]
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets take cells that begin so for formulas."""


def junit(verdicts: Sequence[tuple[str, Document]]) -> bytes:
    """One test suite per (name, verdict), one test case per check, and one for the grading itself where it went wrong.
    Times are virtual seconds: a verdict knows no others."""
    suites = [_suite(name, verdict) for name, verdict in verdicts]
    root = Xml.Element("testsuites", {key: str(sum(int(each.attrib[key]) for each in suites)) for key in _COUNTS})
    root.extend(suites)
    Xml.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root) + b"\n"


_COUNTS = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error", "skipped": "testcase/skipped"}
"""Attribute -> the elements it counts."""


def _suite(name: str, verdict: Document) -> Xml.Element:
    suite = Xml.Element("testsuite", name=_clean(f"{verdict['exercise']['name']}: {name}"))
    if verdict["outcome"] in ("refused", "budget"):
        Xml.SubElement(_case(suite, verdict, "grading"), "error", message=_clean(verdict["message"]), type=verdict["outcome"])
    for check in verdict["checks"]:
        _check(suite, verdict, check)
    if verdict["message"]:
        Xml.SubElement(suite, "system-err").text = _clean(verdict["message"])
    suite.attrib.update({key: str(len(suite.findall(path))) for key, path in _COUNTS.items()})
    suite.set("time", f"{verdict['virtualSeconds']:g}")
    return suite


def _case(suite: Xml.Element, verdict: Document, name: str) -> Xml.Element:
    return Xml.SubElement(suite, "testcase", name=_clean(name), classname=verdict["exercise"]["name"])


def _check(suite: Xml.Element, verdict: Document, check: Document) -> None:
    case = _case(suite, verdict, check["name"])
    case.set("time", f"{max(0.0, check['evidence'].get('at', 0.0)):g}")
    if check["passed"]:
        return
    if check["extra"]:
        Xml.SubElement(case, "skipped", message=_clean(check["message"]))
        return
    problem = Xml.SubElement(case, "failure", message=_clean(check["message"]), type=check["kind"])
    problem.text = _clean("\n".join(check["evidence"].get("events", ())))


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def markdown(name: str, verdict: Document) -> str:
    """A report to read, in the language of the request where the verdict is (`wording.verdict`)."""
    lines = [f"## {_plain(verdict['exercise']['name'])}: {_plain(name)}", ""]
    points = _("%(points)s of %(most)s points") % {"points": f"{verdict['points']:g}", "most": f"{verdict['maxPoints']:g}"}
    lines += [f"**{_(verdict['outcome'])}**, {points}", ""]
    if verdict["message"]:
        lines += [f"> {_plain(verdict['message'])}", ""]
    lines += [f"| | {_('check')} | {_('points')} | |", "| --- | --- | ---: | --- |"]
    for check in verdict["checks"]:
        sign = "✓" if check["passed"] else "✗"
        points = f"{check['points']:g}/{check['maxPoints']:g}" + (f" {_('extra')}" if check["extra"] else "")
        lines.append(f"| {sign} | {_plain(_title(check))} | {points} | {_plain(check['message'])} |")
    hints = [check for check in verdict["checks"] if check.get("hint")]
    told = [_("Hint for *%(check)s*: %(hint)s") % {"check": _plain(_title(each)), "hint": _plain(each["hint"])} for each in hints]
    lines += ["", *(f"- {each}" for each in told)] if told else []
    state = {"hash": verdict["stateHash"], "seconds": f"{verdict['virtualSeconds']:g}"}
    lines += ["", _("State `%(hash)s` after %(seconds)s virtual seconds.") % state, ""]
    return "\n".join(lines)


def _title(check: Document) -> str:
    return str(check.get("title", check["name"]))


def _plain(text: str) -> str:
    """Safe in a table's cell."""
    flat = " ".join(str(text).split())
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", flat)


def gradebook(rows: Iterable[Mapping[str, Any]], exercises: Sequence[str]) -> str:
    """One line per student, one column per exercise: rows of {"student", "exercise", "points"}, the best counts."""
    best: dict[str, dict[str, float]] = {}
    for row in rows:
        of_student = best.setdefault(row["student"], {})
        of_student[row["exercise"]] = max(row["points"], of_student.get(row["exercise"], 0.0))
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["student", *exercises, "total"])
    for student, points in sorted(best.items()):
        cells = [f"{points[name]:g}" if name in points else "" for name in exercises]
        table.writerow([_cell(student), *cells, f"{sum(points.values()):g}"])
    return out.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_RISKY) else text
