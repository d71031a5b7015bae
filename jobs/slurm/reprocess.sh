#!/bin/sh
# Reads an archive with a Slurm job array, one task a shard:
#
#   marian-tracking plan /data/archive --shards 64 -o plan
#   sbatch --array=1-64 jobs/slurm/reprocess.sh plan tables 64
#
# `marian-tracking status tables` names the tasks that failed or were lost. Each is sent again alone, under its own number
# (a shard is there whole or not at all):
#
#   sbatch --array=7,12 jobs/slurm/reprocess.sh plan tables 64
#
#SBATCH --job-name=marian-tracking
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
#SBATCH --requeue
set -eu
manifest=$1 output=$2 shards=$3

exec ${MARIAN_TRACKING:-marian-tracking} archive --manifest "$manifest" --shard "auto/$shards" \
  --format parquet --output-dir "$output"
