"""Everything gets an owner; kept profiles, request keys, API keys and their limits come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """What there is belongs to the tenant `local` and to no user.

    A table that others refer to only gains columns: making it anew, as SQLite needs for more, would under foreign
    keys take along the rows that refer to it.
    """
    for name in ("conversations", "assessments"):
        op.add_column(name, sa.Column("tenant", sa.String(100), nullable=False, server_default="local"))
        op.add_column(name, _user())
    op.add_column("conversations", sa.Column("key", sa.String(200)))
    op.add_column("turns", _user())
    op.create_index("ux_conversations_key", "conversations", ["tenant", "user", "key"], unique=True)
    op.create_index("ix_conversations_tenant_updated", "conversations", ["tenant", "updated"])
    op.create_index("ix_assessments_tenant", "assessments", ["tenant"])
    _feedback_by_user()
    _new_tables()
    # A program from before migrations looks here, and refuses what it does not know.
    op.execute("INSERT INTO schema_version (version) VALUES (3)")


def _user() -> sa.Column[str]:
    return sa.Column("user", sa.String(200), nullable=False, server_default="")


def _owned() -> list[sa.Column[str]]:
    return [
        sa.Column("tenant", sa.String(100), primary_key=True),
        sa.Column("user", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(200), primary_key=True),
    ]


def _feedback_by_user() -> None:
    op.create_table(
        "feedback_new",
        sa.Column("answer_id", sa.String(64), sa.ForeignKey("turns.answer_id", ondelete="CASCADE"), nullable=False),
        _user(),
        sa.Column("value", sa.Integer, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.CheckConstraint("value in (-1, 1)"),
        sa.PrimaryKeyConstraint("answer_id", "user", name="pk_feedback"),
    )
    op.execute(
        "INSERT INTO feedback_new (answer_id, value, comment, at) SELECT answer_id, value, comment, at FROM feedback"
    )
    op.drop_table("feedback")
    op.rename_table("feedback_new", "feedback")


def _new_tables() -> None:
    op.create_table(
        "profiles",
        *_owned(),
        sa.Column("profile", sa.JSON, nullable=False),
        sa.Column("updated", sa.DateTime, nullable=False),
    )
    op.create_table(
        "requests",
        *_owned(),
        sa.Column("body_sha", sa.String(64), nullable=False),
        sa.Column("answer_id", sa.String(64), nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False, index=True),
        sa.Column("taken", sa.DateTime),
        sa.Column("seconds", sa.Double, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("tenant", sa.String(100), nullable=False, index=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("rights", sa.JSON, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("per_minute", sa.Integer, nullable=False),
        sa.Column("monthly_tokens", sa.BigInteger),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("expires", sa.DateTime),
        sa.Column("revoked", sa.DateTime),
    )
    op.create_table(
        "buckets",
        sa.Column("key_id", sa.String(32), sa.ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("left", sa.Double, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "spent",
        sa.Column("key_id", sa.String(32), sa.ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("tokens", sa.BigInteger, nullable=False),
    )
