"""Plain reads and writes of whole rows by equality, for the path that every save of a form takes.

Building a statement with the ORM costs several times what running it does (measured: 0.6 ms against 0.1 ms), and a
save needs ten. Here each model's statements are built once; values pass through the models' own fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)
_Converter = Callable[[Any], Any]


_MADE: dict[type[models.Model], Rows[Any]] = {}


def rows(model: type[Row]) -> Rows[Row]:
    """The rows of `model`."""
    made = _MADE.get(model)
    if made is None:
        made = _MADE[model] = Rows(model)
    return made


class Rows(Generic[Row]):
    """The rows of one model. A filter is by equality; a row may be given for a foreign key, and is then set on it."""

    def __init__(self, model: type[Row]) -> None:
        self.model = model
        self._fields = model._meta.concrete_fields
        self._names = [field.attname for field in self._fields]
        quote = connection.ops.quote_name
        self._column = {field.attname: quote(field.column or "") for field in self._fields}
        self._table = quote(model._meta.db_table)
        self._key = self._column[model._meta.pk.attname or ""]
        self._converters = [self._converter(field) for field in self._fields]
        self._written = [(f, _prepare(f)) for f in self._fields if not isinstance(f, models.AutoField)]
        self._statements: dict[tuple[str, ...], str] = {}

    def all(self, **equals: Any) -> list[Row]:
        """Every row that fits, in the order in which they were written."""
        parents = {name: value for name, value in equals.items() if isinstance(value, models.Model)}
        wanted = {f"{n}_id" if n in parents else n: v.pk if n in parents else v for n, v in equals.items()}
        with connection.cursor() as cursor:
            cursor.execute(self._select(tuple(wanted)), list(wanted.values()))
            return [self._made(values, parents) for values in cursor.fetchall()]

    def get(self, **equals: Any) -> Row | None:
        found = self.all(**equals)
        return found[0] if found else None

    def lock(self, **equals: Any) -> Row | None:
        """Like `get`, and nobody else may change the row before the transaction ends."""
        suffix = " FOR UPDATE" if connection.features.has_select_for_update else ""
        with connection.cursor() as cursor:
            cursor.execute(self._select(tuple(equals)) + suffix, list(equals.values()))
            found = cursor.fetchone()
        return self._made(found, {}) if found else None

    def insert(self, row: Row) -> None:
        """Write a new row and set its primary key."""
        with connection.cursor() as cursor:
            cursor.execute(f"{self._insert()} RETURNING {self._key}", self._prepared(row))
            row.pk = cursor.fetchone()[0]
        row._state.adding = False

    def insert_all(self, new: Iterable[Row]) -> None:
        """Write new rows; they get no primary key in memory."""
        with connection.cursor() as cursor:
            cursor.executemany(self._insert(), [self._prepared(row) for row in new])

    def update(self, row: Row, names: Sequence[str]) -> None:
        changed = [field for field in self._fields if field.name in names or field.attname in names]
        assignments = ", ".join(f"{self._column[field.attname]} = %s" for field in changed)
        values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in changed]
        with connection.cursor() as cursor:
            statement = f"UPDATE {self._table} SET {assignments} WHERE {self._key} = %s"  # noqa: S608  # names of ours
            cursor.execute(statement, [*values, row.pk])

    def _select(self, names: tuple[str, ...]) -> str:
        if names not in self._statements:
            columns = ", ".join(self._column[name] for name in self._names)
            where = " AND ".join(f"{self._column[name]} = %s" for name in names)
            statement = f"SELECT {columns} FROM {self._table} WHERE {where} ORDER BY {self._key}"  # noqa: S608  # ours
            self._statements[names] = statement
        return self._statements[names]

    def _insert(self) -> str:
        if () not in self._statements:
            columns = ", ".join(self._column[field.attname] for field, _ in self._written)
            places = ", ".join(["%s"] * len(self._written))
            self._statements[()] = f"INSERT INTO {self._table} ({columns}) VALUES ({places})"  # noqa: S608  # names of ours
        return self._statements[()]

    def _prepared(self, row: Row) -> list[Any]:
        values = row.__dict__
        return [prepare(values[f.attname]) if prepare else values[f.attname] for f, prepare in self._written]

    def _made(self, values: Sequence[Any], parents: dict[str, models.Model]) -> Row:
        converted = [
            value if convert is None else convert(value)
            for value, convert in zip(values, self._converters, strict=True)
        ]
        row = self.model.from_db(connection.alias, self._names, converted)
        for name, parent in parents.items():
            row._state.fields_cache[name] = parent
        return row

    def _converter(self, field: models.Field[Any, Any]) -> _Converter | None:
        """What turns the database's value into the field's; None where they are the same."""
        target = field.target_field if isinstance(field, models.ForeignKey) else field
        expression = target.get_col(self.model._meta.db_table)
        steps = [*connection.ops.get_db_converters(expression), *expression.get_db_converters(connection)]
        if not steps:
            return None

        def convert(value: Any) -> Any:
            for step in steps:
                value = step(value, expression, connection)
            return value

        return convert


_AS_THEY_ARE = (models.CharField, models.TextField, models.IntegerField, models.FloatField, models.ForeignKey)


def _prepare(field: models.Field[Any, Any]) -> _Converter | None:
    """What turns the field's value into the database's; None where they are the same."""
    if isinstance(field, _AS_THEY_ARE):
        return None
    return lambda value: field.get_db_prep_save(value, connection)
