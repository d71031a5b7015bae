#!/bin/sh
# Reads an archive with a Slurm job array, one task a shard; the gate is a job after it:
#
#   marian-tracking plan /data/archive --shards 64 -o plan
#   job=$(sbatch --parsable --array=1-64 jobs/slurm/reprocess.sh plan tables 64)
#   sbatch --dependency=afterany:$job --wrap 'marian-tracking status tables'
#
# Send the tasks that it names again, under their own numbers:
#
#   sbatch --array=7,12 jobs/slurm/reprocess.sh plan tables 64
#
#SBATCH --job-name=marian-tracking
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
#SBATCH --requeue
set -eu
plan=$1 tables=$2 shards=$3

exec ${MARIAN_TRACKING:-marian-tracking} archive --manifest "$plan" --shard "auto/$shards" \
  --format parquet --output-dir "$tables"
