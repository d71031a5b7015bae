"""Answers of Polars and DuckDB to the queries of docs/queries.md, which come on standard input, about the tables of this folder."""

import datetime
import json
import sys

import duckdb
import polars


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return str(value) if isinstance(value, datetime.date) else value


def rows(found):
    return [{name: plain(value) for name, value in row.items()} for row in found]


page = json.load(sys.stdin)
names = {}
exec(page["polars"], names)
connection = duckdb.connect()
connection.execute(page["duckdb"])


def ask_duckdb(sql):
    answer = connection.execute(sql)
    columns = [name for name, *_ in answer.description]
    return rows(dict(zip(columns, row)) for row in answer.fetchall())


json.dump(
    {
        "polars": [rows(eval(question["polars"], names).to_dicts()) for question in page["questions"]],
        "duckdb": [ask_duckdb(question["sql"]) for question in page["questions"]],
    },
    sys.stdout,
)
