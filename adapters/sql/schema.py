"""The tables of one App's database, the same on SQLite and on PostgreSQL.

Times are microseconds since 1970 in UTC, because both databases keep a 64-bit integer alike. Bodies are the wire
form of messages (JSON bytes, personal fields sealed). Nothing here names a Python class.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

METADATA = MetaData()

SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")

RUN = Table(
    "run",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("contract", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("input", LargeBinary, nullable=False),
    Column("input_hash", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("parent_run", Text),
    Column("parent_step", Text),
    Column("actor", Text, nullable=False),
    Column("on_behalf_of", Text, nullable=False),
    Column("claimed_by", Text),
    Column("ending", Text),
    Column("outcome", LargeBinary),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index("run_by_status", "status", "started_at"),
    Index("run_by_parent", "parent_run"),
    Index("run_by_identity", "identity"),
)

INBOX = Table(
    "inbox",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("contract", Text, nullable=False),
    Column("input", LargeBinary, nullable=False),
    Column("input_hash", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("answer", LargeBinary),
    Column("ordinal", Integer, nullable=False),
    Column("branch", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

JOURNAL = Table(
    "journal",
    METADATA,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
    Column("run_id", Text, nullable=False),
    Column("workflow", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("on_behalf_of", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("before", LargeBinary),
    Column("after", LargeBinary),
    Column("code_version", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Index("journal_by_run", "run_id", "sequence"),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("topic", Text, nullable=False),
    Column("ordering_key", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Column("published_at", BigInteger),
    Index(
        "outbox_to_publish",
        "sequence",
        sqlite_where=text("published_at is null"),
        postgresql_where=text("published_at is null"),
    ),
)

MAILBOX = Table(
    "mailbox",
    METADATA,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
    Column("event", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("taken_by_run", Text),
    Column("taken_by_step", Text),
    Column("actor", Text, nullable=False),
    Column("arrived_at", BigInteger, nullable=False),
    UniqueConstraint("event", "event_id"),
    Index("mailbox_queue", "event", "key", "state", "sequence"),
)

WAIT = Table(
    "wait",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("event", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Index(
        "wait_has_one_waiter",
        "event",
        "key",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

OWNER = Table(
    "owner",
    METADATA,
    Column("event", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("run_id", Text, primary_key=True),
    Index("owner_by_run", "run_id"),
)

TIMER = Table(
    "timer",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("due_at", BigInteger, nullable=False),
)

DEAD_LETTER = Table(
    "dead_letter",
    METADATA,
    Column("dead_letter_id", SEQUENCE, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
    Column("resolution", Text),
    Index("dead_letter_by_run", "run_id"),
)

WAKE = Table(
    "wake",
    METADATA,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
)

CALLBACK = Table(
    "callback",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("url", Text, nullable=False),
)

EPOCH = Table(
    "epoch",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("holder", Text, nullable=False),
)

SUBJECT_KEY = Table(
    "subject_key",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("key_version", Integer, primary_key=True),
    Column("wrapped", LargeBinary),
    Column("made_at", BigInteger, nullable=False),
    Column("destroyed_at", BigInteger),
)

REFERENCE = Table(
    "reference",
    METADATA,
    Column("gateway", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("step", Text, nullable=False),
)

RECORD = Table(
    "record",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

ACCOUNT = Table(
    "account",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("commodity", Text, primary_key=True),
    Column("posted_debits", BigInteger, nullable=False),
    Column("posted_credits", BigInteger, nullable=False),
    Column("pending_debits", BigInteger, nullable=False),
    Column("pending_credits", BigInteger, nullable=False),
)

TRANSFER = Table(
    "transfer",
    METADATA,
    Column("transfer_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("pending_id", Text, unique=True),
    Column("debit_account", Text, nullable=False),
    Column("credit_account", Text, nullable=False),
    Column("commodity", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("posted_at", BigInteger, nullable=False),
    ForeignKeyConstraint(["pending_id"], ["transfer.transfer_id"], name="transfer_resolves_pending"),
    Index("transfer_by_run", "run_id"),
)
