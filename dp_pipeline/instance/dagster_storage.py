"""The private storage classes of Dagster that dagster.yaml's own storage builds on, with reasons.

They are apart from dagster_internals.py because they load 460 modules, which a code location that
only wants the name of a tag should not pay for.
"""

# What the class that dagster.yaml names must be, and what it gives without DAGSTER_POSTGRES_URL.
from dagster._core.storage.base_storage import DagsterStorage

# The storage of runs, to hold a lock on its own connection: one daemon works per storage.
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
