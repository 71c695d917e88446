"""The triggers that keep the history append-only, for each kind of database, and whether they are still there.

The one change that an event lets pass is a redaction: the tombstone that a later event of the same study tells, at the
place that it tells, and nothing else (`actions.redaction`).
"""

from __future__ import annotations

import re

from django.db import connection

TABLES = {
    "event": "The event log", "checkpoint": "The list of checkpoints", "access": "The access log",
    "accountevent": "The log of accounts",
}  # fmt: skip
_FIXED = (
    "id", "trial_id", "sequence", "at", "local", "zone", "who", "role", "action", "site", "subject", "visit", "form",
    "version", "previous", "hash",
)  # fmt: skip
"""Columns of an event that nothing ever changes."""


_WITHHELD = """json_set(json_remove(OLD.content, '$.redacts', '$.noise'),
              '$.content', json_extract(told.value, '$.row[0].content'),
              '$.redacted', json_extract(told.value, '$.row[0].redacted'))"""
"""What an earlier redaction tells, withheld: SQLite puts new members last, so that they are compared one by one."""


def _sqlite() -> dict[str, str]:
    kept = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in _FIXED)

    def members(of: str) -> str:
        return f"SELECT key, type, value FROM json_each({of})"  # noqa: S608  # names of ours

    told = f"""{kept} AND EXISTS (
        SELECT 1 FROM conduct_event AS later, json_each(later.content, '$.redacts') AS told
        WHERE later.trial_id = OLD.trial_id AND later.sequence > OLD.sequence AND later.action = 'redact_value'
        AND json_extract(told.value, '$.event') = OLD.sequence
        AND CASE json_extract(told.value, '$.table')
          WHEN 'reason' THEN NEW.reason = json_extract(told.value, '$.row[0]')
            AND NEW.content = json_set(OLD.content, '$.salt', json(json_extract(told.value, '$.row[1]')))
          WHEN 'details' THEN NEW.reason IS OLD.reason AND OLD.action = 'redact_value' AND NOT EXISTS (
            {members("NEW.content")} EXCEPT {members(_WITHHELD)}) AND NOT EXISTS (
            {members(_WITHHELD)} EXCEPT {members("NEW.content")})
          ELSE NEW.reason IS OLD.reason
            AND NEW.content = json_set(OLD.content, '$.rows.' || json_extract(told.value, '$.table')
              || '[' || json_extract(told.value, '$.path[2]') || ']', json(json_extract(told.value, '$.row')))
          END)"""  # noqa: S608  # names of ours
    return {
        f"{table}_no_{verb.lower()}": f"""
        CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON conduct_{table}
        {f"WHEN NOT ({told})" if (table, verb) == ("event", "UPDATE") else ""}
        BEGIN SELECT RAISE(ABORT, '{name} is append-only.'); END"""
        for table, name in TABLES.items()
        for verb in ("UPDATE", "DELETE")
    }


_POSTGRESQL_FUNCTIONS = {
    "history_refuses": """
        CREATE FUNCTION history_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is append-only.', TG_ARGV[0]; END $$""",
    "history_redacts": """
        CREATE FUNCTION history_redacts() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF to_jsonb(NEW) - 'content' - 'reason' = to_jsonb(OLD) - 'content' - 'reason' AND EXISTS (
            SELECT 1 FROM conduct_event AS later,
              jsonb_array_elements(later.content::jsonb -> 'redacts') AS told
            WHERE later.trial_id = OLD.trial_id AND later.sequence > OLD.sequence AND later.action = 'redact_value'
            AND (told ->> 'event')::bigint = OLD.sequence
            AND CASE told ->> 'table'
              WHEN 'reason' THEN NEW.reason = told #>> '{row,0}'
                AND NEW.content::jsonb = jsonb_set(OLD.content::jsonb, '{salt}', told #> '{row,1}', false)
              WHEN 'details' THEN NEW.reason = OLD.reason AND OLD.action = 'redact_value'
                AND NEW.content::jsonb = (OLD.content::jsonb - 'redacts' - 'noise') || jsonb_build_object(
                  'content', told #> '{row,0,content}', 'redacted', told #> '{row,0,redacted}')
              ELSE NEW.reason = OLD.reason
                AND NEW.content::jsonb = jsonb_set(OLD.content::jsonb,
                  ARRAY['rows', told ->> 'table', told #>> '{path,2}'], told -> 'row', false)
              END)
          THEN RETURN NEW; END IF;
          RAISE EXCEPTION '% is append-only.', TG_ARGV[0];
        END $$""",
}


def _postgresql() -> dict[str, str]:
    """Triggers on each row, and on TRUNCATE, which passes by the rows."""
    made = {}
    for table, name in TABLES.items():
        for verb in ("UPDATE", "DELETE", "TRUNCATE"):
            function = "history_redacts" if (table, verb) == ("event", "UPDATE") else "history_refuses"
            each = "STATEMENT" if verb == "TRUNCATE" else "ROW"
            made[f"{table}_no_{verb.lower()}"] = f"""
        CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON conduct_{table}
        FOR EACH {each} EXECUTE FUNCTION {function}('{name}')"""
    return made


FUNCTIONS = {"sqlite": {}, "postgresql": _POSTGRESQL_FUNCTIONS}
TRIGGERS = {"sqlite": _sqlite(), "postgresql": _postgresql()}


def create(vendor: str) -> list[str]:
    """The statements that make the triggers of a kind of database, in order."""
    return [*FUNCTIONS[vendor].values(), *TRIGGERS[vendor].values()]


def drop(vendor: str) -> list[str]:
    if vendor == "sqlite":
        return [f"DROP TRIGGER {name}" for name in TRIGGERS[vendor]]
    triggers = [f"DROP TRIGGER {name} ON conduct_{name.partition('_')[0]}" for name in TRIGGERS[vendor]]
    return [*triggers, *(f"DROP FUNCTION {name}()" for name in FUNCTIONS[vendor])]


def renew(vendor: str) -> list[str]:
    """The statements that make the guard of a redaction anew, where an earlier program made it."""
    if vendor == "sqlite":
        return ["DROP TRIGGER IF EXISTS event_no_update", TRIGGERS[vendor]["event_no_update"]]
    return [_POSTGRESQL_FUNCTIONS["history_redacts"].replace("CREATE", "CREATE OR REPLACE", 1)]


def broken() -> list[str]:
    """Names of the triggers that are missing from the database, or do something else than they should."""
    if connection.vendor == "postgresql":
        return _broken_postgresql()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        held = {name: sql.split() for name, sql in cursor.fetchall()}
    return [name for name, sql in TRIGGERS["sqlite"].items() if held.get(name) != sql.split()]


def _broken_postgresql() -> list[str]:
    """Triggers that are missing, disabled or other ones, and functions without the body that they were made with."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal")
        held = {
            name: _WITH_SCHEMA.sub(" ON ", text).split() for name, on, text in cursor.fetchall() if on in ("O", "A")
        }
        cursor.execute("SELECT proname, prosrc FROM pg_proc WHERE proname = ANY(%s)", [list(_POSTGRESQL_FUNCTIONS)])
        bodies = {name: body.split() for name, body in cursor.fetchall()}
    wanted = {name: sql.split("$$")[1].split() for name, sql in _POSTGRESQL_FUNCTIONS.items()}
    changed = [name for name, body in wanted.items() if bodies.get(name) != body]
    return [*(name for name, sql in TRIGGERS["postgresql"].items() if held.get(name) != sql.split()), *changed]


_WITH_SCHEMA = re.compile(r" ON \w+\.")
"""PostgreSQL names a table with its schema."""
