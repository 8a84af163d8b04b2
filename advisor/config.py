"""Settings, read once at the entry point from the environment (ADVISOR_*) and handed down as plain values."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import AliasChoices, BeforeValidator, Field, IPvAnyNetwork, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from advisor.errors import ConfigError, StorageError
from advisor.knowledge.load import default_root


def _listed(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Settings(BaseSettings):
    """Every setting a user may want to change."""

    model_config = SettingsConfigDict(env_prefix="ADVISOR_", extra="ignore", env_ignore_empty=True)

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("mlops-advisor")))
    corpus: Path = Field(default_factory=default_root)
    embedder: str = "all-MiniLM-L6-v2"
    """The packaged model, a sentence-transformers name, or `openai:<model>` for an endpoint."""
    chat_model: str | None = None
    base_url: str | None = Field(None, validation_alias=AliasChoices("ADVISOR_BASE_URL", "OPENAI_BASE_URL"))
    api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("ADVISOR_API_KEY", "OPENAI_API_KEY"))
    answer_seconds: Annotated[float, Field(ge=2, le=600)] = 30
    """Wall-clock limit for one answer; past it the keyless answer is given."""
    context_tokens: Annotated[int, Field(ge=1024, le=1_000_000)] = 8192
    """The chat model's context window."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 7860
    require_keys: bool = False
    """Ask for a key on a loopback address too, as behind a reverse proxy; elsewhere one is always asked for."""
    sso_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = None
    """The header in which a trusted proxy names the person it has signed in."""
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(_listed)] = ()
    """Addresses or networks whose word about that header is taken."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    """Names besides this machine's own that a request may be addressed to."""
    chroma_url: str | None = None
    database_url: str | None = None
    keep_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    """Days that conversations and saved assessments are kept after their last change; None: until deleted."""

    @property
    def chat_configured(self) -> bool:
        """True where a chat model can be asked: a model name, and a key or an endpoint of one's own."""
        return bool(self.chat_model and (self.api_key or self.base_url))

    @cached_property
    def data(self) -> Path:
        """The data directory, made on first use with mode 0700. Raises StorageError."""
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as e:
            raise StorageError(
                f"The data directory {self.home} cannot be made: {e.strerror}.",
                "Set ADVISOR_HOME to a folder you can write to.",
            ) from e
        if not os.access(self.home, os.W_OK | os.X_OK):
            raise StorageError(
                f"The data directory {self.home} cannot be written.", "Set ADVISOR_HOME to a folder you can write to."
            )
        return self.home


def load_settings() -> Settings:
    """Settings from the environment; telemetry of every library off. Raises ConfigError."""
    os.environ.update(
        GRADIO_ANALYTICS_ENABLED="False",
        ANONYMIZED_TELEMETRY="False",
        HF_HUB_DISABLE_TELEMETRY="1",
        DO_NOT_TRACK="1",
    )
    try:
        settings = Settings()
    except ValidationError as e:
        first = e.errors(include_url=False)[0]
        name = "ADVISOR_" + "_".join(str(p) for p in first["loc"]).upper()
        raise ConfigError(f"The setting {name} is not usable: {first['msg']}.", f"Correct or unset {name}.") from e
    if (settings.api_key or settings.base_url) and not settings.chat_model:
        settings.chat_model = os.environ.get("OPENAI_MODEL") or None
    return settings
