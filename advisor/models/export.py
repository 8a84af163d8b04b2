"""The packaged weights as an ONNX file, made once: `<data>/models/<hash>/`, complete or not there at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

from advisor.errors import ModelUnavailable, StorageError
from advisor.index.weights import SHA256, checked

FORMAT = "int8-fused-1"
"""Changes whenever the export would come out differently."""


def exported(data: Path) -> Path:
    """Where the export lies, or will."""
    return data / "models" / hashlib.sha256(f"{SHA256}:{FORMAT}".encode()).hexdigest()[:16]


def ensure_exported(data: Path) -> Path:
    """The folder with `model.onnx` and `tokenizer.json`, exported first where missing (about 15 s, in a child process).

    Raises ModelUnavailable or StorageError.
    """
    folder = exported(data)
    if (folder / "model.onnx").is_file():
        return folder
    weights = checked()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / "export.lock"):
            if (folder / "model.onnx").is_file():
                return folder
            for left in folder.parent.glob(".making-*"):
                shutil.rmtree(left, ignore_errors=True)
            making = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
            # torch needs seconds and half a gigabyte; in a child, the process that answers never pays for it.
            command = [sys.executable, "-m", "advisor.models.export", str(weights), str(making)]
            root = str(Path(__file__).resolve().parents[2])
            env = {
                **os.environ,
                "HF_HUB_OFFLINE": "1",
                "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
            }
            child = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603
            if child.returncode:
                last = (child.stderr.strip().splitlines() or ["no message"])[-1]
                raise ModelUnavailable(
                    f"The embedder could not be exported to ONNX: {last}",
                    "Check free disk space and memory, then run: advisor index",
                )
            shutil.copyfile(weights / "tokenizer.json", making / "tokenizer.json")
            making.chmod(0o700)
            making.rename(folder)
    except OSError as e:
        raise StorageError(
            f"The embedder cannot be stored in {folder.parent}: {e.strerror}.", "Free space or set ADVISOR_HOME."
        ) from e
    return folder


def _export(weights: Path, folder: Path) -> None:
    from advisor.models.quantise import quantise
    from advisor.models.torch_models import export_onnx

    full = folder / "full.onnx"
    export_onnx(weights, full)
    quantise(full, folder / "model.onnx")
    full.unlink()


if __name__ == "__main__":
    _export(Path(sys.argv[1]), Path(sys.argv[2]))
