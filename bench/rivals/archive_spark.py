"""The training rows of an archive as Parquet by Spark's own functions: archive_spark.py ARCHIVE OUT

Spark reads no zstd without Hadoop's native library: these logs are left out.
"""

import json
import sys

from pyspark.sql import SparkSession, functions as f

TRAINING = (
    r"\[([\d-]+ [\d:]+)\] Ep\. ([\d.]+) : Up\. (\d+) : Sen\. ([\d,]+) : Cost ([-\d.naif]+)"
    r"(?: \* ([\d,]+) @ ([\d,]+) after ([\d,]+))? : Time ([\d.]+)s : ([\d.]+) words/s"
    r"(?: : gNorm ([\d.]+))?(?: : L\.r\. ([\d.e+-]+))?"
)
FIELDS = [
    ("timestamp", "timestamp"), ("epoch", "double"), ("up", "bigint"), ("sen", "bigint"), ("cost", "double"),
    ("labels", "bigint"), ("batch_labels", "bigint"), ("total_labels", "bigint"), ("time", "double"),
    ("rate", "double"), ("gnorm", "double"), ("learning_rate", "double"),
]

archive, out = sys.argv[1:]
spark = (
    SparkSession.builder.config("spark.ui.enabled", "false")
    .config("spark.sql.files.ignoreCorruptFiles", "true")
    .config("spark.sql.session.timeZone", "UTC")
    .getOrCreate()
)
with open(f"{archive}/tree.json") as tree:
    logs = [run["log"] for run in json.load(tree)["runs"] if not run["log"].endswith(".zst")]
lines = spark.read.text(logs).withColumn("path", f.input_file_name()).where(f.col("value").rlike(TRAINING))
folder = lambda at: f.element_at(f.split("path", "/"), -at)
columns = [folder(4).alias("project"), folder(3).alias("group"), folder(2).alias("run")]
for index, (name, kind) in enumerate(FIELDS, 1):
    cell = f.regexp_replace(f.regexp_extract("value", TRAINING, index), ",", "")
    columns.append(f.when(cell != "", cell.cast(kind)).alias(name))
lines.select(columns).write.mode("overwrite").parquet(out)
print(spark.read.parquet(out).count())
