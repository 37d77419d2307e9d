"""manage.py lesson test FILE...: is each step unsolved before and solved after its solution, in whatever language?"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from playground.lessons import loading, selftest


class Command(BaseCommand):
    help = "Test lessons and their translations."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        test = actions.add_parser("test", help="do the solutions solve the steps?")
        test.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = [path for path in options["files"] if not self._test(path)]
        if failed:
            raise SystemExit(1)

    def _test(self, path: Path) -> bool:
        try:
            lesson = loading.load_file(path)
        except (loading.LessonError, OSError) as error:
            self.stdout.write(f"{path}: cannot be used\n{error}")
            return False
        found = selftest.complaints(lesson)
        self.stdout.write(f"{path}: {'FAIL' if found else f'ok, {len(lesson.steps)} steps solved as they should be'}")
        for each in found:
            self.stdout.write(f"  {each}")
        return not found
