"""tar in a container on real bytes, which the shell's own tar cannot pass on: what `kubectl cp` uses."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Sequence
from typing import NamedTuple

from cluster_core.workloads.inner import Inner


class Done(NamedTuple):
    out: bytes = b""
    err: str = ""
    code: int = 0


def tar(inner: Inner, words: Sequence[str], stdin: bytes) -> Done | None:
    """`tar cf - PATHS` and `tar xf - [-C DIR]`; None for other command lines."""
    rest = list(words)
    letters, place, paths = "", "/", []
    while rest:
        word = rest.pop(0)
        if word == "-C" and rest:
            place = rest.pop(0)
        elif word.startswith("--") or word == "-":
            continue
        elif not letters or (word.startswith("-") and len(word) > 1):
            letters += word.lstrip("-")
        else:
            paths.append(word)
    if "z" in letters or "f" not in letters or "-" not in words:
        return None
    if "c" in letters:
        return _create(inner, place, paths)
    return _extract(inner, place, stdin) if "x" in letters else None


def _create(inner: Inner, place: str, paths: Sequence[str]) -> Done:
    buffer, errors = io.BytesIO(), []
    with tarfile.open(fileobj=buffer, mode="w") as made:
        for path in paths:
            whole = posixpath.normpath(posixpath.join(place, path))
            if path.startswith("/"):
                errors.append("tar: removing leading '/' from member names")
            if not inner.fs.exists(whole):
                errors.append(f"tar: {path}: No such file or directory")
                continue
            _add(inner, made, whole, path.strip("/") or ".")
    missing = any(text.endswith("directory") for text in errors)
    return Done(buffer.getvalue(), "".join(f"{text}\n" for text in dict.fromkeys(errors)), 2 if missing else 0)


def _add(inner: Inner, made: tarfile.TarFile, path: str, name: str) -> None:
    stat = inner.fs.stat(path)
    entry = tarfile.TarInfo(name)
    entry.mode, entry.mtime = stat["mode"] & 0o7777, int(stat["modified"])
    if stat["file_type"] == "directory":
        entry.type = tarfile.DIRTYPE
        made.addfile(entry)
        for each in inner.fs.read_dir(path):
            _add(inner, made, f"{path.rstrip('/')}/{each['name']}", f"{name}/{each['name']}")
    elif stat["file_type"] == "file":
        content = inner.fs.read_file(path)
        entry.size = len(content)
        made.addfile(entry, io.BytesIO(content))


def _extract(inner: Inner, place: str, data: bytes) -> Done:
    if not inner.is_directory(place):
        return Done(b"", f"tar: can't change directory to '{place}': No such file or directory\n", 1)
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as given:
            for entry in given:
                path = posixpath.normpath(posixpath.join(place, entry.name.lstrip("/")))
                content = given.extractfile(entry) if entry.isfile() else None
                if content is not None:
                    inner.write(path, content.read())
                    inner.fs.chmod(path, entry.mode)
                elif entry.isdir() and not inner.fs.exists(path):
                    inner.fs.mkdir(path, True)
    except tarfile.TarError:
        return Done(b"", "tar: short read\n", 1)
    inner.keep()
    return Done()
