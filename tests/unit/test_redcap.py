"""REDCap's files: the dictionary and the table of records."""

from __future__ import annotations

import pytest

from trialwright.formats.redcap import Table, header_of, is_dictionary, read_dictionary, read_table, write_table
from trialwright.kernel.errors import InputError

TITLES = '"Variable / Field Name","Form Name","Section Header","Field Type","Field Label","Choices, Calculations"\n'


def test_a_checkbox_has_a_column_for_each_box_and_a_form_one_for_its_status() -> None:
    text = TITLES + 'id,a,,text,Id\nrace,a,,checkbox,Race,"1, One | -2, Two, and more"\nhello,a,,descriptive,Hello\n'
    project = read_dictionary(text, "d.csv")
    assert is_dictionary(text)
    assert project.fields[1].codes == (("1", "One"), ("-2", "Two, and more"))
    assert header_of(project) == ("id", "race___1", "race____2", "a_complete")


def test_cells_are_quoted_as_redcap_quotes_them() -> None:
    table = Table(("id", "text"), (("1", 'a "b"'), ("2", "x,y"), ("3", "plain"), ("4", "two\nlines")))
    assert write_table(table) == 'id,text\n1,"a ""b"""\n2,"x,y"\n3,plain\n4,"two\nlines"\n'
    assert read_table(write_table(table), "t.csv") == table
    assert write_table(read_table("\n", "t.csv")) == "\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TITLES, "names no field"),
        (TITLES + "ID!,a,,text,Id\n", "d.csv:2: 'ID!' is not the name of a field"),
        (TITLES + "id,a,,text,Id\nid,a,,text,Id\n", "d.csv:3: The field 'id' is defined twice"),
        (TITLES + 'id,a,,text,"Id\n', "not a table of separated values"),
    ],
)
def test_a_broken_dictionary_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_dictionary(text, "d.csv")


def test_a_row_that_does_not_fit_the_header_is_named() -> None:
    with pytest.raises(InputError, match=r"t.csv:3: The row does not have the 2 cells"):
        read_table("id,a\n1,2\n1,2,3\n", "t.csv")


@pytest.mark.parametrize("between", [",", ";", "\t", "|"])
def test_a_dictionary_is_known_by_its_titles_whatever_stands_between_its_cells(between: str) -> None:
    titles = between.join(["Form Name", "Variable / Field Name", "Field Type", "Field Label", "Remark"])
    text = titles + "\r\n" + between.join(["First Form", "Birth Year", "Text", '"Born; or, ""found"""', "x"]) + "\r\n"
    assert is_dictionary(text)
    project = read_dictionary(text, "d.csv")
    (field,) = project.fields
    assert (field.name, field.form, field.type, field.label) == (
        "birth_year",
        "first_form",
        "text",
        'Born; or, "found"',
    )
    assert project.notes == (
        "d.csv:1: The column 'Remark' is none of a dictionary's and is not read.",
        "d.csv:2: The field 'Birth Year' is called 'birth_year' here.",
    )


def test_a_table_with_semicolons_is_read() -> None:
    assert read_table('id;text\n1;"a;b"\n', "t.csv") == Table(("id", "text"), (("1", "a;b"),))


def test_titles_in_another_language_stand_in_order() -> None:
    titles = ",".join(f"Titel {number}" for number in range(18))
    assert is_dictionary(f"{titles}\nid,a,,text,Id\n")
    assert not is_dictionary(f"{titles}\n1,2,3,4,5\n")
