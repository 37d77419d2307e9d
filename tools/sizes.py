"""Check the size budgets that no linter knows: files of at most 400 lines, functions of at most 8 lines in the median."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 400
LONGEST_MEDIAN = 8
CATALOGUE = "static/src/i18n/"
"""Texts, as long as there are things to say."""
SOURCES = ("*.py", "static/src/*.js", "static/src/**/*.js", "static/src/**/*.css")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *SOURCES], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if "/migrations/" not in name and not name.startswith(CATALOGUE) and (ROOT / name).exists()]


def function_lengths(path: Path) -> list[int]:
    """Lines of each function's body, without its docstring."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [(node.end_lineno or 0) - first_line(node) + 1 for node in functions]


def first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    skip = 1 if ast.get_docstring(node) is not None and len(node.body) > 1 else 0
    return node.body[skip].lineno


def main() -> int:
    files = tracked()
    lines = {path: len(path.read_text().splitlines()) for path in files}
    problems = [f"{path.relative_to(ROOT)}: {n} lines, at most {LONGEST_FILE}" for path, n in lines.items() if n > LONGEST_FILE]
    product = [path for path in files if path.suffix == ".py" and "tests" not in path.relative_to(ROOT).parts]
    lengths = [length for path in product for length in function_lengths(path)]
    median = statistics.median(lengths or [0])
    if median > LONGEST_MEDIAN:
        problems.append(f"median function has {median} lines, at most {LONGEST_MEDIAN}")
    print("\n".join(problems) or f"sizes: {len(files)} files, longest {max(lines.values())} lines, median function {median} lines")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
