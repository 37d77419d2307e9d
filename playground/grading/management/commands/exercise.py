"""manage.py exercise: test FILE... (the reference must pass, the starter and the wrong answers must fail), replay (the same
verdicts every time, whoever grades), schema."""

from __future__ import annotations

import hashlib
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from playground import collector
from playground.grading import catalogue, loading, replaying, selftest
from playground.translations import loading as translations


class Command(BaseCommand):
    help = "Test exercises, or print their JSON Schema."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        test = actions.add_parser("test", help="does each grade its own answers as it should?")
        test.add_argument("files", nargs="+", type=Path, metavar="FILE")
        schema = actions.add_parser("schema", help="print the JSON Schema of exercises")
        schema.add_argument("--translations", action="store_true", help="that of translations instead")

        again = actions.add_parser("replay", help="are verdicts the same every time, whoever grades?")
        again.add_argument("--submissions", type=int, default=200)
        again.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 2, 1], help="processes, per replay")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "schema":
            wanted = translations.schema() if options["translations"] else loading.schema()
            self.stdout.write(json.dumps(wanted, indent=2))
            return
        if options["action"] == "replay":
            self._replay(options["submissions"], options["workers"])
            return
        failed = [path for path in options["files"] if not self._test(path)]
        if failed:
            raise SystemExit(1)

    def _replay(self, number: int, workers: list[int]) -> None:
        jobs = replaying.jobs_of(catalogue.exercises(), number)
        collector.spare()
        rounds = []
        for each in replaying.replay(jobs, workers):
            rounds.append(each)
            self.stdout.write(f"{len(each.digests)} submissions graded by {each.processes}")
        found = replaying.differences(rounds)
        for index in found:
            self.stdout.write(f"not the same every time: {jobs[index].exercise.name}, {jobs[index].answer.name}")
        if found:
            raise SystemExit(1)
        whole = hashlib.sha256("".join(rounds[0].digests).encode()).hexdigest()
        self.stdout.write(f"the same {len(jobs)} verdicts in {len(rounds)} replays: {whole}")

    def _test(self, path: Path) -> bool:
        try:
            exercise = loading.load_file(path)
        except (loading.ExerciseError, OSError) as error:
            self.stdout.write(f"{path}: cannot be used\n{error}")
            return False
        found = selftest.complaints(exercise)
        answers = 2 + len(exercise.wrong)
        self.stdout.write(f"{path}: {'FAIL' if found else f'ok, {answers} answers graded as they should'}")
        for each in found:
            self.stdout.write(f"  {each}")
        return not found
