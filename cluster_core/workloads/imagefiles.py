"""Files that images bring along, as far as they are known: what their system is called, pages of servers."""

from __future__ import annotations

from cluster_core.machinery.welcome import pages
from cluster_core.workloads.catalogue import Entry
from cluster_core.workloads.images import entry_of

_OS_RELEASE = "/etc/os-release"
_DEBIAN = ('PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nVERSION="13 (trixie)"\n'
           "VERSION_CODENAME=trixie\nID=debian\nHOME_URL=\"https://www.debian.org/\"\n")  # fmt: skip
_ALPINE = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.2\nPRETTY_NAME="Alpine Linux v3.22"\nHOME_URL="https://alpinelinux.org/"\n'
_UBUNTU = ('PRETTY_NAME="Ubuntu 24.04.3 LTS"\nNAME="Ubuntu"\nVERSION_ID="24.04"\nVERSION="24.04.3 LTS (Noble Numbat)"\n'
           "VERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\nHOME_URL=\"https://www.ubuntu.com/\"\n")  # fmt: skip
_DEMOS = ("kitten", "nautilus")
"""Pictures of the update demo."""
_AGNHOSTS = ("/localhost.crt", "/localhost.key")
"""What agnhost's servers with TLS use, and what its web server has to show."""
_ALPINES = ("alpine", "agnhost", "curl", "netshoot", *_DEMOS)


def image_files(reference: str) -> dict[str, str]:
    """The files of an image by path; none of one that nobody knows."""
    entry = entry_of(reference)
    return _files(entry, reference) if entry is not None else {}


def _files(entry: Entry, reference: str) -> dict[str, str]:
    name = entry.repository.rpartition("/")[2]
    found = pages(entry.does)
    if entry.shell and name != "busybox":
        found[_OS_RELEASE] = _system(name, reference)
    if name == "agnhost":
        found |= dict.fromkeys(_AGNHOSTS, "\n")
    if name in _DEMOS:
        found["/data.json"] = f'{{\n"image": "{name}.jpg"\n}}\n'
    return found


def _system(name: str, reference: str) -> str:
    if name in _ALPINES or "alpine" in reference:
        return _ALPINE
    return _UBUNTU if name == "ubuntu" else _DEBIAN
