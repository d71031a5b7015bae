"""Runs the MERGE of docs/queries.md, whose code comes on standard input, and compares the tables of Delta with this folder's."""

import json
import sys

import pyarrow.parquet
from deltalake import DeltaTable

names = {}
for code in json.load(sys.stdin):
    exec(code, names)

found = {}
for table, key in names["KEYS"].items():
    rows = lambda arrow: sorted(map(repr, pyarrow.table(arrow).to_pylist()))
    wanted = pyarrow.parquet.read_table(f"tables/{table}.parquet")
    merged = DeltaTable(f"delta/{table}").to_pyarrow_table()
    keys = wanted.select(key).to_pylist()
    found[table] = {
        "rows": merged.num_rows,
        "equal": rows(wanted) == rows(merged),
        "columns": wanted.schema.names == merged.schema.names,
        "unique": len({repr(one) for one in keys}) == len(keys),
    }
json.dump(found, sys.stdout)
