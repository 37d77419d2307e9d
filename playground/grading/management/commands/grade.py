"""manage.py grade EXERCISE PATH...: grade files, directories or zip archives. Exit code 0: all pass, 1: not all, 2: unusable."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from playground import collector
from playground.grading import catalogue, handin, loading, render
from playground.grading.exercise import Answer, Exercise
from playground.grading.ground import SetupFailed
from playground.grading.pool import Job, graders
from playground.grading.verdict import Verdict

UNUSABLE = 2


class Command(BaseCommand):
    help = "Grade submissions: manifests, directories or zip archives. The exit code tells whether all pass."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("exercise", help="an exercise file, or the name of a shipped one")
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--seed", type=int, help="instead of the exercise's own")
        parser.add_argument("--workers", type=int, default=1, help="processes to grade in")
        parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdicts")
        parser.add_argument("--markdown", type=Path, metavar="FILE", help="write a report")

    def handle(self, *args: Any, **options: Any) -> None:
        exercise = self._exercise(options["exercise"])
        verdicts = self._verdicts(exercise, options)
        documents = [(name, verdict.document()) for name, verdict in verdicts]
        if options["junit"]:
            options["junit"].write_bytes(render.junit(documents))
        if options["json"]:
            text = json.dumps(dict(documents), indent=2, sort_keys=True)
            options["json"].write_text(text + "\n")
        if options["markdown"]:
            options["markdown"].write_text("\n".join(render.markdown(*each) for each in documents))
        for name, verdict in verdicts:
            self._tell(name, verdict)
        if not all(verdict.passed for _, verdict in verdicts):
            raise SystemExit(1)

    def _exercise(self, name: str) -> Exercise:
        try:
            found = loading.load_file(Path(name)) if Path(name).is_file() else catalogue.find(name)
        except loading.ExerciseError as error:
            self._give_up(str(error))
        if found is None:
            self._give_up(f'there is no file and no exercise "{name}"')
        assert found is not None
        return found

    def _verdicts(self, exercise: Exercise, options: dict[str, Any]) -> list[tuple[str, Verdict]]:
        answers = [self._answer(path) for path in options["paths"]]
        jobs = [Job(exercise, answer, options["seed"]) for answer in answers]
        collector.spare()
        try:
            with graders(options["workers"]) as several:
                return list(zip(map(str, options["paths"]), several.verdicts(jobs), strict=True))
        except SetupFailed as error:
            self._give_up(str(error))
            raise AssertionError from error

    def _answer(self, path: Path) -> Answer:
        try:
            return handin.of_path(path)
        except (OSError, handin.HandInError) as error:
            self._give_up(f"{path}: {error}")
            raise AssertionError from error

    def _give_up(self, message: str) -> None:
        self.stderr.write(message)
        raise SystemExit(UNUSABLE)

    def _tell(self, name: str, verdict: Verdict) -> None:
        outcome = verdict.document()["outcome"]
        self.stdout.write(f"{name}: {outcome}, {verdict.points:g} of {verdict.exercise.max_points:g} points")
        if verdict.message:
            self.stdout.write(f"  {verdict.message}")
        for each in verdict.checks:
            self.stdout.write(f"  {'pass' if each.ok else 'FAIL'} {each.check.name}: {each.message}")
