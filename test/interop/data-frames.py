"""What pandas, pyarrow and DuckDB make of the files of a folder: `data-frames.py FOLDER`."""

import json
import sys

import duckdb
import pandas
import pyarrow.parquet

folder = sys.argv[1]
found = {}
for table in ("training", "validation"):
    csv, parquet = f"{folder}/{table}.csv", f"{folder}/{table}.parquet"
    frame = pandas.read_csv(csv, parse_dates=["timestamp"])
    arrow = pyarrow.parquet.read_table(parquet)
    types = lambda path: dict(duckdb.sql(f"select column_name, column_type from (describe select * from '{path}')").fetchall())
    both = frame["timestamp"].dt.tz_convert("UTC").tolist(), arrow.column("timestamp").to_pandas().tolist()
    found[table] = {
        "rows": [len(frame), arrow.num_rows],
        "pandas": isinstance(frame["timestamp"].dtype, pandas.DatetimeTZDtype),
        "pyarrow": str(arrow.schema.field("timestamp").type),
        "duckdb": [types(csv)["timestamp"], types(parquet)["timestamp"]],
        "equal": both[0] == both[1],
        "last": both[0][-1].isoformat(),
    }
json.dump(found, sys.stdout)
