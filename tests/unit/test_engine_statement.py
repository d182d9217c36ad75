"""What the engine makes of a request, as ClickHouse's HTTP interface would."""

import pytest

from hh_clickhouse.engine.failure import from_engine
from hh_clickhouse.engine.statement import parse

ARROW = b"\xff\xff\xff\xff FORMAT Native\nSELECT 1"


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({}, b"INSERT INTO t FORMAT ArrowStream\n" + ARROW),
        ({"query": "INSERT INTO t FORMAT ArrowStream"}, ARROW),
        ({}, b"insert into `d`.`t` (`a`, b) settings x=1 format ArrowStream\n" + ARROW),
    ],
)
def test_the_data_of_an_insert_is_left_alone(options: dict[str, str], body: bytes) -> None:
    statement = parse(options, body)

    assert statement.data == ARROW
    assert statement.format == "ArrowStream"
    assert "format" not in statement.sql.lower()
    assert not statement.is_read


@pytest.mark.parametrize(
    ("options", "body", "sql", "form"),
    [
        ({"query": "SELECT 1"}, b"", "SELECT 1", "TabSeparated"),
        ({}, b"SELECT 1 FORMAT Native", "SELECT 1 FORMAT Native", "Native"),
        ({"query": "SELECT 1"}, b"FORMAT JSON;", "SELECT 1\nFORMAT JSON;", "JSON"),
        ({"default_format": "CSV"}, b"(SELECT 1)", "(SELECT 1)", "CSV"),
    ],
)
def test_a_question_says_its_format_or_gets_the_default(
    options: dict[str, str], body: bytes, sql: str, form: str
) -> None:
    statement = parse(options, body)

    assert (statement.sql, statement.format, statement.data) == (sql, form, None)
    assert statement.is_read


@pytest.mark.parametrize("body", [b"INSERT INTO t VALUES (1)", b"INSERT INTO t SELECT 1", b""])
def test_a_statement_that_brings_no_data_stands_alone(body: bytes) -> None:
    statement = parse({}, body)

    assert statement.data is None
    assert not statement.is_read


def test_options_are_settings_parameters_or_neither() -> None:
    options = {"max_threads": "1", "param_a": "x", "database": "d", "session_id": "s"}
    statement = parse(options, b"SELECT 1")

    assert statement.settings == {"max_threads": "1"}
    assert statement.parameters == {"a": "x"}
    assert statement.database == "d"


@pytest.mark.parametrize("name", ["a b", "x = 1, y", "1x", ""])
def test_a_setting_whose_name_is_no_word_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="words"):
        parse({name: "1"}, b"SELECT 1")


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("Code: 62. DB::Exception: Syntax error", 62, 400),
        ("Streaming insert failed: Code: 60. DB::Exception: no table", 60, 404),
        ("Code: 241. DB::Exception: Memory limit", 241, 500),
        ("Code: 202. DB::Exception: Too many", 202, 503),
        ("something else", 1001, 500),
    ],
)
def test_an_error_of_the_engine_keeps_its_code(text: str, code: int, status: int) -> None:
    error = from_engine(text)

    assert (error.code, error.status) == (code, status)
