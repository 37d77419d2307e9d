"""A school of its own for the tests of classes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.playground.processes import running

from .school import School


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running(tmp_path_factory.mktemp("school"), LOCAL_MODE="0") as playground:
        school = School.open(playground)
        yield school
        school.client.close()
