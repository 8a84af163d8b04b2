"""The errors a person can act on.

AdvisorError            a message and a hint; channels show these two and nothing else
├── ConfigError         a setting is wrong or missing
├── CorpusError         a corpus file cannot be read or breaks the schema
├── IndexUnavailable    no usable index, or one built for another embedder or corpus
├── Busy                another process owns the data directory
├── StorageError        the data directory or database cannot be written
├── InputError          a question, profile or request is not acceptable
├── ModelUnavailable    the chat model or embedder could not be reached or talked nonsense
└── MissingExtra        an optional library is not installed
"""

from __future__ import annotations


class AdvisorError(Exception):
    """Something a person can mend: `message` says what happened, `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class ConfigError(AdvisorError):
    """A setting is wrong or missing."""


class CorpusError(AdvisorError):
    """A corpus file cannot be read or breaks the schema."""


class IndexUnavailable(AdvisorError):
    """There is no usable index, or it was built for another embedder or corpus."""


class Busy(AdvisorError):
    """Another process owns the data directory."""


class StorageError(AdvisorError):
    """The data directory or the database cannot be read or written."""


class InputError(AdvisorError):
    """A question, profile or request is not acceptable."""


class ModelUnavailable(AdvisorError):
    """The chat model or embedder could not be reached, or talked nonsense; `reason` is a short code."""

    def __init__(self, message: str, hint: str = "", reason: str = "unavailable") -> None:
        super().__init__(message, hint)
        self.reason = reason


class MissingExtra(AdvisorError):
    """An optional library is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional library.", f"Install it: pip install 'mlops-advisor[{extra}]'")
