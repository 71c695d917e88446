"""All tables of an installation as lines of JSON, one row each, alike for SQLite and PostgreSQL.

The tables are those of the migrations that the database has had, so that an archive of an earlier program can be read,
and brought up to date afterwards.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

import orjson
from django.core.management.color import no_style
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph

from trialwright.kernel.errors import InputError

Applied = Mapping[str, list[str]]
"""App -> names of the migrations that a database has had."""
Model = type[models.Model]

LEFT_OUT = {
    "django_session", "django_admin_log", "django_content_type", "auth_permission", "auth_group_permissions",
    "auth_user_user_permissions", "conduct_job",
}  # fmt: skip
"""What is made anew by itself, or would mean nothing elsewhere: sessions, and jobs whose files lie in the folder."""
_BATCH = 2000


def applied() -> dict[str, list[str]]:
    """The migrations of the database in use. Raises InputError when a newer program made its tables."""
    executor = MigrationExecutor(connection)
    found: dict[str, list[str]] = {}
    for app, name in sorted(executor.loader.applied_migrations):
        found.setdefault(app, []).append(name)
    check_known(found, "This database")
    return found


def lacking() -> list[str]:
    """The migrations of conduct that the database in use has not seen."""
    executor = MigrationExecutor(connection)
    leaves = [key for key in executor.loader.graph.leaf_nodes() if key[0] == "conduct"]
    return [migration.name for migration, _ in executor.migration_plan(leaves)]


def check_known(wanted: Applied, whose: str) -> None:
    """Raises InputError for migrations that this program does not have."""
    graph = MigrationExecutor(connection).loader.disk_migrations
    for app, names in wanted.items():
        if strange := [name for name in names if (app, name) not in graph]:
            raise InputError(
                f"{whose} was made by a newer Trialwright: this one does not know the step {app} {strange[0]}.",
                hint="Upgrade first. What was made before the first release cannot be read: begin anew.",
            )


def models_at(wanted: Applied) -> dict[str, Model]:
    """table -> its model as it was after those migrations, of all tables that are worth keeping."""
    executor = MigrationExecutor(connection)
    state = executor.loader.project_state([(app, name) for app, names in wanted.items() for name in names])
    made = state.apps.get_models(include_auto_created=True)
    tables = {model._meta.db_table: model for model in made if not model._meta.proxy}
    return {table: tables[table] for table in sorted(tables) if table not in LEFT_OUT}


def migrate(wanted: Applied | None) -> None:
    """Bring the tables to the state after those migrations; None: up to date."""
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    last = graph.leaf_nodes() if wanted is None else _last(graph, wanted)
    executor.migrate(last)


def _last(graph: MigrationGraph, wanted: Applied) -> list[tuple[str, str]]:
    """Those of the migrations that no other one of the same app follows on."""
    steps = {(app, name) for app, names in wanted.items() for name in names}
    return [
        step
        for step in sorted(steps)
        if not any(child.key in steps and child.key[0] == step[0] for child in graph.node_map[step].children)
    ]


def columns_of(model: Model) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def lines_of(model: Model) -> Iterator[bytes]:
    """The rows of a table in the order of their keys, each a JSON array of its columns."""
    rows = model._base_manager.order_by("pk").values_list(*columns_of(model))
    for row in rows.iterator(chunk_size=_BATCH):
        yield orjson.dumps(row, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return str(value)


def load(model: Model, lines: Iterable[bytes]) -> int:
    """Write rows into an empty table; how many. Raises ValueError for lines that are none of this table."""
    fields = model._meta.concrete_fields
    steps = [(n, _reader(field)) for n, field in enumerate(fields) if not isinstance(field, _AS_THEY_ARE)]
    rows = map(partial(_read, steps, len(fields)), lines)
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column or "") for field in fields)
    into = f"{quote(model._meta.db_table)} ({names})"
    return _copy(into, rows) if connection.vendor == "postgresql" else _insert(into, len(fields), rows)


def _copy(into: str, rows: Iterator[list[Any]]) -> int:
    count = 0
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # rows may come before those that they point at
        with connection.wrap_database_errors, cursor.cursor.copy(f"COPY {into} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
    return count


def _insert(into: str, width: int, rows: Iterator[list[Any]]) -> int:
    statement, count = f"INSERT INTO {into} VALUES ({', '.join(['%s'] * width)})", 0  # noqa: S608  # names of ours
    with connection.cursor() as cursor:
        while batch := list(islice(rows, _BATCH)):
            cursor.executemany(statement, batch)
            count += len(batch)
    return count


_AS_THEY_ARE = (models.CharField, models.TextField, models.IntegerField, models.FloatField, models.ForeignKey)


def _read(steps: list[tuple[int, Any]], width: int, line: bytes) -> list[Any]:
    row: list[Any] = orjson.loads(line)
    if len(row) != width:
        raise ValueError("a row of another width")
    for number, read in steps:
        if row[number] is not None:
            row[number] = read(row[number])
    return row


def _reader(field: models.Field[Any, Any]) -> Any:
    """What turns a JSON value into that of the database."""
    if isinstance(field, models.BinaryField):
        return base64.b64decode
    return lambda value: field.get_db_prep_save(field.to_python(value), connection)


def reset_sequences(tables: Iterable[Model]) -> None:
    """New rows get keys after those that were loaded."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(tables)):
            cursor.execute(statement)


def empty(tables: Iterable[Model]) -> None:
    """Take out what the migrations themselves have written."""
    with connection.cursor() as cursor:
        for model in tables:
            name = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT 1 FROM {name} LIMIT 1")  # noqa: S608  # a name of ours
            if cursor.fetchone():
                cursor.execute(f"DELETE FROM {name}")  # noqa: S608  # a name of ours


def drop_all() -> None:
    """Take every table of ours out of a PostgreSQL database, with the functions of the guards; others' stay."""
    held = connection.introspection.table_names()
    known = {*connection.introspection.django_table_names(), "django_migrations", "trialwright_cache"}
    ours = [name for name in held if name in known]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        for name in ours:
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(name)} CASCADE")
        cursor.execute("DROP FUNCTION IF EXISTS history_refuses, history_redacts")


def anybody_here() -> bool:
    """Whether the database in use holds a study or an account."""
    held = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in ("conduct_trial", "auth_user"):
            if table in held:
                cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608  # a name of ours
                if cursor.fetchone():
                    return True
    return False
