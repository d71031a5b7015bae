-- Reads a whole archive on a Spark cluster: every line of a manifest goes to one of many workers, and their rows become
-- four tables of Parquet. docs/scale.md says how it is started and sized.
--
--   spark-sql --conf spark.sql.catalogImplementation=in-memory --archives tool.tgz#tool \
--     --hivevar worker='tool/node tool/node_modules/marian-tracking/bin/run.js' \
--     --hivevar manifest=gs://bucket/manifest.ndjson --hivevar output=gs://bucket/tables \
--     --hivevar partitions=400 -f reprocess.sql
--
-- It may be run again: what an earlier run left in the output's folders is replaced. The tables of the catalog are only
-- names for these folders; to drop one removes no file.
--
-- An attempt that fails leaves nothing: Spark commits the files of one attempt of each task. What is wrong with a log is
-- in the column error of the table runs; a worker that could not read a file at all fails, and its task is tried again.

-- Times are in UTC, in the form that every engine reads.
SET spark.sql.session.timeZone = UTC;
SET spark.sql.parquet.outputTimestampType = TIMESTAMP_MICROS;

-- 1. The rows of all tables. Every value is a text here: what is no number later must not end the job.
INSERT OVERWRITE DIRECTORY '${output}/rows' USING parquet
SELECT
  TRANSFORM (value)
    ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t'
  USING '${worker} archive --manifest - --format tsv --quiet'
  AS (
    `table` STRING, project STRING, `group` STRING, run STRING, segment STRING, line STRING, `timestamp` STRING,
    epoch STRING, up STRING, sen STRING, cost STRING, `time` STRING, rate STRING, gnorm STRING,
    learning_rate STRING, labels STRING, batch_labels STRING, total_labels STRING, chrf STRING,
    ce_mean_words STRING, bleu_detok STRING, perplexity STRING, chrf_stalled STRING,
    ce_mean_words_stalled STRING, bleu_detok_stalled STRING, perplexity_stalled STRING, further STRING,
    `model` STRING, importer STRING, dataset STRING, augmentation STRING, comet STRING, run_id STRING,
    kind STRING, `source` STRING, marian_version STRING, segments STRING, started STRING, ended STRING,
    last_epoch STRING, last_update STRING, training_rows STRING, validation_points STRING,
    partial_points STRING, unmatched STRING, error STRING, finished STRING
  )
    ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t' NULL DEFINED AS ''
FROM (SELECT /*+ REPARTITION(${partitions}) */ value FROM text.`${manifest}` WHERE length(trim(value)) > 0);

-- 2. The tables, with the columns of docs/schema.md in their order.
DROP TABLE IF EXISTS marian_training;
CREATE TABLE marian_training (
  project STRING, `group` STRING, run STRING, segment BIGINT, line BIGINT, `timestamp` TIMESTAMP, epoch DOUBLE,
  up BIGINT, sen BIGINT, cost DOUBLE, `time` DOUBLE, rate DOUBLE, gnorm DOUBLE, learning_rate DOUBLE,
  labels BIGINT, batch_labels BIGINT, total_labels BIGINT
)
USING parquet LOCATION '${output}/training';

INSERT OVERWRITE TABLE marian_training
SELECT
  project, `group`, run, try_cast(segment AS BIGINT), try_cast(line AS BIGINT),
  try_cast(`timestamp` AS TIMESTAMP), try_cast(epoch AS DOUBLE), try_cast(up AS BIGINT),
  try_cast(sen AS BIGINT), try_cast(cost AS DOUBLE), try_cast(`time` AS DOUBLE), try_cast(rate AS DOUBLE),
  try_cast(gnorm AS DOUBLE), try_cast(learning_rate AS DOUBLE), try_cast(labels AS BIGINT),
  try_cast(batch_labels AS BIGINT), try_cast(total_labels AS BIGINT)
FROM parquet.`${output}/rows` WHERE `table` = 'training';

DROP TABLE IF EXISTS marian_validation;
CREATE TABLE marian_validation (
  project STRING, `group` STRING, run STRING, segment BIGINT, line BIGINT, `timestamp` TIMESTAMP, epoch DOUBLE,
  up BIGINT, chrf DOUBLE, ce_mean_words DOUBLE, bleu_detok DOUBLE, perplexity DOUBLE, chrf_stalled DOUBLE,
  ce_mean_words_stalled DOUBLE, bleu_detok_stalled DOUBLE, perplexity_stalled DOUBLE,
  further MAP<STRING, DOUBLE>
)
USING parquet LOCATION '${output}/validation';

INSERT OVERWRITE TABLE marian_validation
SELECT
  project, `group`, run, try_cast(segment AS BIGINT), try_cast(line AS BIGINT),
  try_cast(`timestamp` AS TIMESTAMP), try_cast(epoch AS DOUBLE), try_cast(up AS BIGINT),
  try_cast(chrf AS DOUBLE), try_cast(ce_mean_words AS DOUBLE), try_cast(bleu_detok AS DOUBLE),
  try_cast(perplexity AS DOUBLE), try_cast(chrf_stalled AS DOUBLE), try_cast(ce_mean_words_stalled AS DOUBLE),
  try_cast(bleu_detok_stalled AS DOUBLE), try_cast(perplexity_stalled AS DOUBLE),
  from_json(further, 'MAP<STRING, DOUBLE>')
FROM parquet.`${output}/rows` WHERE `table` = 'validation';

DROP TABLE IF EXISTS marian_evaluations;
CREATE TABLE marian_evaluations (
  project STRING, `group` STRING, run STRING, `model` STRING, importer STRING, dataset STRING,
  augmentation STRING, bleu_detok DOUBLE, chrf DOUBLE, comet DOUBLE, further MAP<STRING, DOUBLE>
)
USING parquet LOCATION '${output}/evaluations';

INSERT OVERWRITE TABLE marian_evaluations
SELECT
  project, `group`, run, `model`, importer, dataset, augmentation, try_cast(bleu_detok AS DOUBLE),
  try_cast(chrf AS DOUBLE), try_cast(comet AS DOUBLE), from_json(further, 'MAP<STRING, DOUBLE>')
FROM parquet.`${output}/rows` WHERE `table` = 'evaluations';

DROP TABLE IF EXISTS marian_runs;
CREATE TABLE marian_runs (
  project STRING, `group` STRING, run STRING, run_id STRING, kind STRING, `source` STRING,
  marian_version STRING, segments BIGINT, started TIMESTAMP, ended TIMESTAMP, last_epoch DOUBLE,
  last_update BIGINT, training_rows BIGINT, validation_points BIGINT, partial_points BIGINT, unmatched BIGINT,
  error STRING, finished BOOLEAN, further MAP<STRING, DOUBLE>
)
USING parquet LOCATION '${output}/runs';

INSERT OVERWRITE TABLE marian_runs
SELECT
  project, `group`, run, run_id, kind, `source`, marian_version, try_cast(segments AS BIGINT),
  try_cast(started AS TIMESTAMP), try_cast(ended AS TIMESTAMP), try_cast(last_epoch AS DOUBLE),
  try_cast(last_update AS BIGINT), try_cast(training_rows AS BIGINT), try_cast(validation_points AS BIGINT),
  try_cast(partial_points AS BIGINT), try_cast(unmatched AS BIGINT), error, try_cast(finished AS BOOLEAN),
  from_json(further, 'MAP<STRING, DOUBLE>')
FROM parquet.`${output}/rows` WHERE `table` = 'runs';

-- 3. The proof: every run of the manifest once, and every row that its worker counted. A difference ends the job.
SELECT
  assert_true(planned = found AND found = distinct_runs,
    concat('runs: ', planned, ' planned, ', found, ' found, ', distinct_runs, ' distinct')) AS runs_checked,
  found AS runs, with_errors
FROM
  (SELECT count(*) AS planned FROM text.`${manifest}` WHERE length(trim(value)) > 0),
  (SELECT count(*) AS found, count(DISTINCT project, run) AS distinct_runs, count(error) AS with_errors FROM marian_runs);

SELECT
  assert_true(count_if(rows <> counted) = 0,
    concat(count_if(rows <> counted), ' runs have other rows than were read')) AS rows_checked,
  sum(rows) AS rows
FROM (
  SELECT sum(rows) AS rows, sum(counted) AS counted FROM (
    SELECT project, run, 1 AS kind, count(*) AS rows, 0 AS counted FROM marian_training GROUP BY project, run
    UNION ALL SELECT project, run, 2, count(*), 0 FROM marian_validation GROUP BY project, run
    UNION ALL SELECT project, run, 1, 0, training_rows FROM marian_runs WHERE training_rows IS NOT NULL
    UNION ALL SELECT project, run, 2, 0, validation_points FROM marian_runs WHERE validation_points IS NOT NULL
  )
  GROUP BY project, run, kind
);
