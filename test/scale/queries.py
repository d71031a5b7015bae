"""Answers of Spark to the queries of docs/queries.md, which come on standard input, about the tables of this folder."""

import datetime
import json
import sys

from pyspark.sql import SparkSession


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return str(value) if isinstance(value, datetime.date) else value


page = json.load(sys.stdin)
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
exec(page["spark"], {"spark": spark})
answers = [
    [{name: plain(value) for name, value in row.asDict().items()} for row in spark.sql(question["sql"]).collect()]
    for question in page["questions"]
]
# The tables of two archives, each pair read as one.
together = {}
for table, paths in page["together"].items():
    whole = spark.read.parquet(*paths)
    same = all(spark.read.parquet(path).dtypes == whole.dtypes for path in paths)
    together[table] = {"rows": whole.count(), "same": same}
json.dump({"answers": answers, "together": together}, sys.stdout)
spark.stop()
