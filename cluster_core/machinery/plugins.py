"""Finding extensions: every module of a package that ends in one constant."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def collect(package: ModuleType, constant: str) -> list[Any]:
    """The constant of every module in the package, in the order of the module names; tuples are taken apart."""
    found: list[Any] = []
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        value = getattr(importlib.import_module(f"{package.__name__}.{module.name}"), constant, None)
        if value is not None:
            found.extend(value if isinstance(value, tuple) else (value,))
    return found
