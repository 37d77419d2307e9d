"""Every exercise shipped grades its own answers as it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from playground.grading import loading, selftest

FILES = sorted((Path(__file__).parents[2] / "exercises").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_reference_passes_and_the_starter_and_the_wrong_answers_do_not(path: Path) -> None:
    exercise = loading.load_file(path)
    assert selftest.complaints(exercise) == []
    assert exercise.wrong, "an exercise names at least one wrong answer"
    assert exercise.starter is not None
