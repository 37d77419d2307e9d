"""manage.py exercise test FILE...: the reference must pass, the starter and the wrong answers must fail."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from playground.grading import loading, selftest


class Command(BaseCommand):
    help = "Test exercises, or print their JSON Schema."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        test = actions.add_parser("test", help="does each grade its own answers as it should?")
        test.add_argument("files", nargs="+", type=Path, metavar="FILE")
        actions.add_parser("schema", help="print the JSON Schema of exercises")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "schema":
            self.stdout.write(json.dumps(loading.schema(), indent=2))
            return
        failed = [path for path in options["files"] if not self._test(path)]
        if failed:
            raise SystemExit(1)

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
