"""Whose things they are: every record belongs to a tenant, and within it to a user where users are told apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Owner:
    """A tenant, and a user of it. What is read or changed through an owner is only what that owner may see."""

    tenant: str = "local"
    user: str = ""
    """Empty: everything of the tenant is visible. A name: only that user's own things."""


LOCAL = Owner()
"""Whoever uses this machine without a key."""
