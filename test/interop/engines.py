"""How engines open the tables of the folders TABLES..., one by one and together, and what they read of one project.

Prints for each engine and table the rows of all and whether the types of each and of all are the same.
With --project NAME it prints what a query of one project reads of the table `training` of the first folder, and what one of all does.
"""

import argparse
import json
import os

import duckdb
import polars
import pyarrow.compute
import pyarrow.dataset


def together(folders):
    found = {}
    for table in ("training", "validation", "evaluations", "runs"):
        files = [f"{folder}/{table}.parquet" for folder in folders]
        arrow = lambda *paths: pyarrow.dataset.dataset(list(paths))
        lazy = lambda *paths: polars.scan_parquet(list(paths))
        duck = lambda *paths: duckdb.read_parquet(list(paths))
        all_rows = {
            "pyarrow": arrow(*files).to_table().num_rows,
            "polars": lazy(*files).collect().height,
            "duckdb": len(duck(*files).fetchall()),
        }
        types = {
            "pyarrow": lambda *paths: [(field.name, str(field.type)) for field in arrow(*paths).schema],
            "polars": lambda *paths: [(name, str(type)) for name, type in lazy(*paths).collect_schema().items()],
            "duckdb": lambda *paths: [(name, str(type)) for name, type in zip(duck(*paths).columns, duck(*paths).types)],
        }
        for engine, of in types.items():
            same = all(of(file) == of(*files) for file in files)
            found.setdefault(engine, {})[table] = {"rows": all_rows[engine], "same": same}
    return found


def bytes_read():
    with open("/proc/self/io") as counts:
        return int(counts.readline().split()[1])


def measured(work):
    before = bytes_read()
    rows = work()
    return {"rows": rows, "bytes": bytes_read() - before}


def pruned(folder, project):
    file = f"{folder}/training.parquet"
    (fragment,) = pyarrow.dataset.dataset(file).get_fragments()
    of_project = pyarrow.compute.field("project") == project
    groups = lambda *filters: len(fragment.split_by_row_group(*filters))

    def duck(condition):
        connection = duckdb.connect()
        connection.execute("SET enable_external_file_cache = false")
        query = f"SELECT count(cost), sum(cost) FROM read_parquet('{file}') {condition}"
        return connection.execute(query, [project] if condition else []).fetchone()[0]

    def arrow(filter):
        return pyarrow.dataset.dataset(file).to_table(columns=["cost"], filter=filter).num_rows

    return {
        "row_groups": {"all": groups(), "project": groups(of_project)},
        "pyarrow": {"all": measured(lambda: arrow(None)), "project": measured(lambda: arrow(of_project))},
        "duckdb": {"all": measured(lambda: duck("")), "project": measured(lambda: duck("WHERE project = ?"))},
        "file": os.path.getsize(file),
    }


parser = argparse.ArgumentParser()
parser.add_argument("folders", nargs="+")
parser.add_argument("--project")
args = parser.parse_args()
print(json.dumps(pruned(args.folders[0], args.project) if args.project else together(args.folders)))
