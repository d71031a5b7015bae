#!/bin/sh
# Reads an archive with GNU parallel, one job a shard, and ends with the gate; on several machines with GNU parallel's own
# --sshlogin:
#
#   marian-tracking plan /data/archive --shards 64 -o plan
#   jobs/parallel/reprocess.sh plan tables 64 --jobs 16
#
# Run again after an interruption, it does the shards that are not in the log of jobs; those that failed are done again.
set -eu
plan=$1 tables=$2 shards=$3
shift 3

mkdir -p "$tables"
# The gate below says what has failed.
parallel --quote --joblog "$tables/jobs.log" --resume-failed --retries 2 "$@" \
  ${MARIAN_TRACKING:-marian-tracking} archive --manifest "$plan" --shard "{}/$shards" \
  --format parquet --output-dir "$tables" \
  ::: $(seq 1 "$shards") || true
exec ${MARIAN_TRACKING:-marian-tracking} status "$tables"
