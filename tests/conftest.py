"""What several folders of tests share: the whole product as running processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.playground.processes import Playground, running


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """The playground with its cluster `demo`, one per test process."""
    with running(tmp_path_factory.mktemp("product")) as playground:
        yield playground
