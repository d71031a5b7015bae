#!/bin/sh
# Reads an archive with GNU parallel, one job a shard; on several machines with GNU parallel's own --sshlogin:
#
#   marian-tracking plan /data/archive --shards 64 -o plan
#   jobs/parallel/reprocess.sh plan tables 64 --jobs 16
#   marian-tracking status tables
#
# Run again after an interruption, it does the shards that are not in the log of jobs; those that failed are done again.
set -eu
manifest=$1 output=$2 shards=$3
shift 3

mkdir -p "$output"
exec parallel --quote --joblog "$output/jobs.log" --resume-failed --retries 2 "$@" \
  ${MARIAN_TRACKING:-marian-tracking} archive --manifest "$manifest" --shard "{}/$shards" \
  --format parquet --output-dir "$output" \
  ::: $(seq 1 "$shards")
