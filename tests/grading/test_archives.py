"""Archives and directories are checked: size, number, paths, links, and what is damaged or lies about itself."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from playground.grading import handin, services
from playground.grading.handin import HandInError

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a, image: nginx}]}\n"


def packed(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def test_only_manifests_and_command_lists_are_read() -> None:
    files = {"a/pod.yaml": POD, "README.md": "hello", "commands.txt": "kubectl get pods", "x.json": "{}", "dir/": ""}
    litter = {"__MACOSX/a/._pod.yaml": b"\x00\x05", "a/._pod.yaml": b"\x00", ".DS_Store": b"\x00"}
    assert sorted(handin.unzip(packed({**files, **litter}))) == ["a/pod.yaml", "commands.txt", "x.json"]


def test_too_many_files_are_refused() -> None:
    with pytest.raises(HandInError, match="more than 200 files"):
        handin.unzip(packed({f"{number}.txt": "" for number in range(201)}))


def test_a_bomb_is_refused_by_what_it_says_it_holds() -> None:
    with pytest.raises(HandInError, match="holds more than"):
        handin.unzip(packed({f"{number}.yaml": b"0" * 3_000_000 for number in range(8)}))


def test_a_bomb_that_lies_about_its_size_is_refused_when_it_is_opened() -> None:
    data = bytearray(packed({"bomb.yaml": b"0" * 10_000_000}))
    said = struct.pack("<L", 10_000_000)
    assert data.count(said) == 2  # in the file's header and in the directory
    lying = bytes(data).replace(said, struct.pack("<L", 10))
    with pytest.raises(HandInError, match="not a readable zip archive"):
        handin.unzip(lying)


def test_one_large_file_is_refused() -> None:
    with pytest.raises(HandInError, match="is larger than"):
        handin.unzip(packed({"big.yaml": b"#" * (handin.MAX_BYTES + 1)}))


def test_links_are_refused() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        info = zipfile.ZipInfo("link.yaml")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(HandInError, match=r"holds a link: link\.yaml"):
        handin.unzip(data.getvalue())


def test_a_member_that_needs_a_password_is_refused() -> None:
    data = bytearray(packed({"a.yaml": POD}))
    data[6] |= 1
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 8] |= 1
    with pytest.raises(HandInError, match="encrypted"):
        handin.unzip(bytes(data))


@pytest.mark.parametrize("place", [35, 45, 60, -8])
def test_a_damaged_archive_is_refused(place: int) -> None:
    data = bytearray(packed({"a.yaml": POD * 20}))
    for each in range(place, place + 6):
        data[each] ^= 0xFF
    with pytest.raises(HandInError):
        handin.unzip(bytes(data))


def test_an_unknown_way_of_packing_is_refused() -> None:
    data = bytearray(packed({"a.yaml": POD}))
    directory = data.rindex(b"PK\x01\x02")
    data[8:10] = data[directory + 10 : directory + 12] = b"\x63\x00"
    with pytest.raises(HandInError, match="not a readable zip archive"):
        handin.unzip(bytes(data))


def test_texts_that_are_none_are_refused() -> None:
    with pytest.raises(HandInError, match="is not UTF-8"):
        handin.unzip(packed({"a.yaml": b"\xff\xfe"}))


def test_an_archive_without_manifests_is_told() -> None:
    with pytest.raises(HandInError, match="no manifests"):
        handin.of_files(handin.unzip(packed({"README.md": "hello"})))


def test_a_directory_is_read_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text(POD)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "pod.yaml").write_text(POD)
    os.symlink(tmp_path / "outside.yaml", inside / "link.yaml")
    os.symlink(tmp_path, inside / "dir")
    assert list(handin.of_path(inside).files) == ["pod.yaml"]


def test_a_directory_of_too_many_files_is_refused(tmp_path: Path) -> None:
    for number in range(handin.MAX_FILES + 1):
        (tmp_path / f"{number}.yaml").write_text("")
    with pytest.raises(HandInError, match="more than 200 files"):
        handin.of_path(tmp_path)


def test_one_students_mistake_does_not_keep_the_class_from_being_graded() -> None:
    files = {"ada/pod.yaml": POD, "eve/README.md": "I was ill", "bob.yaml": POD, "__MACOSX/ada/._pod.yaml": b"\x00"}
    answers, problems = services.of_class(packed(files))
    assert (list(answers), list(problems)) == (["ada", "bob"], ["eve"])
    assert "no manifests" in problems["eve"]


def test_a_class_that_is_too_large_is_refused() -> None:
    with pytest.raises(HandInError, match="more than 500 students"):
        services.of_class(packed({f"s{number}.yaml": "" for number in range(501)}))
