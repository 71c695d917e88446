"""Plain reads and writes of whole rows by equality, for the path that every save of a form takes.

Building a statement with the ORM costs several times what running it does (measured: 0.6 ms against 0.1 ms), and a
save needs ten. Here each model's statements are built once; values pass through the models' own fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models

from trialwright.kernel.errors import Refused

Row = TypeVar("Row", bound=models.Model)
_Converter = Callable[[Any], Any]


_MADE: dict[tuple[str, type[models.Model]], Rows[Any]] = {}
"""(kind of database, model) -> its rows."""


def rows(model: type[Row]) -> Rows[Row]:
    """The rows of `model`."""
    known = (connection.vendor, model)
    made = _MADE.get(known)
    if made is None:
        made = _MADE[known] = Rows(model)
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
        self._converters = [self.converter(field) for field in self._fields]
        written = [field for field in self._fields if not isinstance(field, models.AutoField)]
        self._written = {field.attname: _prepare(field) for field in written}
        self._defaults = {field.attname: field.get_default() for field in written}
        self._statements: dict[tuple[str, ...], str] = {}

    def all(self, **equals: Any) -> list[Row]:
        """Every row that fits, in the order in which they were written."""
        parents = {name: value for name, value in equals.items() if isinstance(value, models.Model)}
        wanted = {f"{n}_id" if n in parents else n: v.pk if n in parents else v for n, v in equals.items()}
        if _nowhere(wanted.values()):
            return []
        with connection.cursor() as cursor:
            try:
                cursor.execute(self._select(tuple(wanted)), list(wanted.values()))
            except OverflowError:  # SQLite: no row has so large a number
                return []
            return [self._made(values, parents) for values in cursor.fetchall()]

    def get(self, **equals: Any) -> Row | None:
        found = self.all(**equals)
        return found[0] if found else None

    def lock(self, **equals: Any) -> Row | None:
        """Like `get`, and nobody else may change the row before the transaction ends.

        Its key stays: whoever writes a row that points at it (who read what, a draft) need not wait.
        """
        if _nowhere(equals.values()):
            return None
        suffix = " FOR NO KEY UPDATE" if connection.features.has_select_for_no_key_update else ""
        with connection.cursor() as cursor:
            cursor.execute(self._select(tuple(equals)) + suffix, list(equals.values()))
            found = cursor.fetchone()
        return self._made(found, {}) if found else None

    def insert(self, row: Row) -> None:
        """Write a new row and set its primary key."""
        with connection.cursor() as cursor:
            cursor.execute(f"{self._insert()} RETURNING {self._key}", self._prepared(row.__dict__, self._written))
            row.pk = cursor.fetchone()[0]
        row._state.adding = False

    def insert_all(self, new: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Write new rows, each given by its columns, and return them whole: a column not given has its default."""
        whole = [{**self._defaults, **columns} for columns in new]
        with connection.cursor() as cursor:
            cursor.executemany(self._insert(), [self._prepared(columns, self._written) for columns in whole])
        return whole

    def update(self, row: Row, names: Sequence[str]) -> None:
        """Write the columns `names` of a row."""
        with connection.cursor() as cursor:
            cursor.execute(self._update(tuple(names)), [*self._prepared(row.__dict__, names), row.pk])

    def update_all(self, changed: Iterable[tuple[Row, tuple[str, ...]]]) -> None:
        """Write columns of many rows, each with its own; PostgreSQL gets those of the same columns in one go."""
        alike: dict[tuple[str, ...], list[list[Any]]] = {}
        for row, names in changed:
            alike.setdefault(names, []).append([*self._prepared(row.__dict__, names), row.pk])
        with connection.cursor() as cursor:
            for names, values in alike.items():
                cursor.executemany(self._update(names), values)

    def _select(self, names: tuple[str, ...]) -> str:
        if names not in self._statements:
            columns = ", ".join(self._column[name] for name in self._names)
            where = " AND ".join(f"{self._column[name]} = %s" for name in names)
            statement = f"SELECT {columns} FROM {self._table} WHERE {where} ORDER BY {self._key}"  # noqa: S608  # ours
            self._statements[names] = statement
        return self._statements[names]

    def _insert(self) -> str:
        if () not in self._statements:
            columns = ", ".join(self._column[name] for name in self._written)
            places = ", ".join(["%s"] * len(self._written))
            self._statements[()] = f"INSERT INTO {self._table} ({columns}) VALUES ({places})"  # noqa: S608  # names of ours
        return self._statements[()]

    def _update(self, names: tuple[str, ...]) -> str:
        key = ("UPDATE", *names)
        if key not in self._statements:
            assignments = ", ".join(f"{self._column[name]} = %s" for name in names)
            self._statements[key] = f"UPDATE {self._table} SET {assignments} WHERE {self._key} = %s"  # noqa: S608  # ours
        return self._statements[key]

    def _prepared(self, values: Mapping[str, Any], names: Iterable[str]) -> list[Any]:
        """The values of the columns `names` as the database takes them."""
        prepare = self._written
        return [values[n] if (step := prepare[n]) is None else step(values[n]) for n in names]

    def _made(self, values: Sequence[Any], parents: dict[str, models.Model]) -> Row:
        converted = [
            value if convert is None else convert(value)
            for value, convert in zip(values, self._converters, strict=True)
        ]
        row = self.model.from_db(DEFAULT_DB_ALIAS, self._names, converted)
        for name, parent in parents.items():
            row._state.fields_cache[name] = parent
        return row

    def converter(self, field: models.Field[Any, Any]) -> _Converter | None:
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


_AS_THEY_ARE = (models.IntegerField, models.FloatField, models.ForeignKey)
LARGEST = 2**31 - 1
"""The largest number of a row, a version ... that both kinds of database hold."""


def _prepare(field: models.Field[Any, Any]) -> _Converter | None:
    """What turns the field's value into the database's; None where they are the same.

    What PostgreSQL could not hold is refused on SQLite too, so that a backup of the one fits into the other.
    """
    if isinstance(field, models.CharField | models.TextField):
        return partial(_text, field.name.replace("_", " "), field.max_length)
    if type(field) is models.PositiveIntegerField:
        return partial(_count, field.name.replace("_", " "))
    if isinstance(field, _AS_THEY_ARE):
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _nowhere(values: Iterable[Any]) -> bool:
    """Whether no row can hold one of the values: PostgreSQL would not even look for it."""
    return any(isinstance(value, str) and "\0" in value for value in values)


def _text(name: str, longest: int | None, value: str) -> str:
    if longest is not None and len(value) > longest:
        raise Refused(f"The {name} is too long: at most {longest} characters are kept.")
    if "\0" in value:
        raise Refused(f"The {name} holds a character that cannot be printed.", hint="Type it anew.")
    return value


def _count(name: str, value: int) -> int:
    if value > LARGEST:
        raise Refused(f"The {name} is too large a number.")
    return value
