/** `--manifest` and `--shard`: the work, and which part of it is this process's. */
import type { MaxErrors } from "../../pipeline/manifests/max-errors.js";
import type { Shard } from "../../pipeline/manifests/shard.js";
import { Flags } from "./flag.js";

/** The flag of the commands that read work items. */
export const manifestFlags = {
  manifest: Flags.string({
    description: "read the runs in FILE (- is standard input), one per line, as `plan` writes them",
    helpValue: "FILE",
    helpGroup: "MANY MACHINES",
  }),
  force: Flags.boolean({
    description: "do the work again although its tables are there and nothing has changed",
    helpGroup: "MANY MACHINES",
  }),
};

/** The flag of the commands that can share their work. */
export const shardFlag = {
  shard: Flags.string({
    description:
      "only the i-th of n parts of the runs; auto: the number that Slurm, Kubernetes or AWS Batch gives this process (auto/n if they don't give n)",
    helpValue: "i/n|auto",
    helpGroup: "MANY MACHINES",
  }),
};

/** The flag of the commands that read work items: how many of them may be bad. */
export const maxErrorsFlag = {
  "max-errors": Flags.string({
    description:
      "how many of the runs may have errors, for example 3 or 5%; more are exit code 1, and no output is kept  [default: any number of damaged logs, no file that is missing or may not be read]",
    helpValue: "N|N%",
    helpGroup: "MANY MACHINES",
  }),
};

/** Reads the flag; `refuse` ends the command with its message. */
export function readMaxErrors(
  text: string | undefined,
  refuse: (message: string) => never,
): MaxErrors | undefined {
  if (text === undefined) return undefined;
  const [, digits = "", percent] = /^(\d{1,9}(?:\.\d{1,9})?)(%)?$/.exec(text) ?? [];
  const number = Number(digits);
  const isFine = percent === undefined ? Number.isInteger(number) : number <= 100;
  if (digits === "" || !isFine)
    return refuse(
      `--max-errors '${text}': write a number of runs, such as 3, or a share of them, such as 5%`,
    );
  return percent === undefined ? { runs: number } : { percent: number };
}

type Environment = Readonly<Record<string, string | undefined>>;

const MAX_SHARDS = 1_000_000;

/** Reads the flag; `refuse` ends the command with its message. */
export function readShard(
  text: string | undefined,
  environment: Environment,
  refuse: (message: string) => never,
): Shard | undefined {
  if (text === undefined) return undefined;
  const [, auto, count] = /^(auto)(?:\/(\d+))?$/.exec(text) ?? [];
  if (auto !== undefined) return checked(ofScheduler(environment, count, refuse), text, refuse);
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (index === undefined || of === undefined)
    return refuse(`--shard '${text}': write i/n with 1 <= i <= n, such as 3/16, or auto`);
  return checked({ index: Number(index), count: Number(of) }, text, refuse);
}

function checked(shard: Shard, text: string, refuse: (message: string) => never): Shard {
  const { index, count } = shard;
  const fine = Number.isSafeInteger(index) && index >= 1 && index <= count && count <= MAX_SHARDS;
  return fine ? shard : refuse(`--shard ${text}: there is no part ${index} of ${count}`);
}

function ofScheduler(
  environment: Environment,
  given: string | undefined,
  refuse: (message: string) => never,
): Shard {
  const number = (name: string): number | undefined => {
    const text = environment[name];
    if (text === undefined || text === "") return undefined;
    return /^-?\d+$/.test(text)
      ? Number(text)
      : refuse(`--shard auto: ${name} is '${text}', which is not a number`);
  };
  const asked = given === undefined ? undefined : Number(given);
  const slurm = number("SLURM_ARRAY_TASK_ID");
  if (slurm !== undefined) {
    // The same number is the same part, also in an array of those alone that are to be done again.
    if (asked !== undefined) return { index: slurm, count: asked };
    const first = number("SLURM_ARRAY_TASK_MIN") ?? 0;
    const last = number("SLURM_ARRAY_TASK_MAX");
    const step = number("SLURM_ARRAY_TASK_STEP") || 1;
    const count = number("SLURM_ARRAY_TASK_COUNT");
    const span = last === undefined ? count : Math.floor((last - first) / step) + 1;
    const index = (slurm - first) / step + 1;
    if (span === undefined) return refuse("--shard auto: SLURM_ARRAY_TASK_COUNT is not set: write auto/n");
    if (!Number.isInteger(index) || (count !== undefined && count !== span))
      return refuse(
        "--shard auto: the job array is not a range of numbers, so some parts would be missing: use --array=1-n, or auto/n with tasks numbered 1 to n",
      );
    return { index, count: span };
  }
  const kubernetes = number("JOB_COMPLETION_INDEX");
  if (kubernetes !== undefined) {
    const count = asked ?? number("JOB_COMPLETIONS");
    if (count === undefined)
      return refuse(
        "--shard auto: Kubernetes does not say how many parts there are: set JOB_COMPLETIONS in the pod's environment, or write auto/n",
      );
    return { index: kubernetes + 1, count };
  }
  const batch = number("AWS_BATCH_JOB_ARRAY_INDEX");
  if (batch !== undefined) {
    const count = asked ?? number("AWS_BATCH_JOB_ARRAY_SIZE");
    if (count === undefined) return refuse("--shard auto: AWS_BATCH_JOB_ARRAY_SIZE is not set: write auto/n");
    return { index: batch + 1, count };
  }
  return refuse(
    "--shard auto: none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX and AWS_BATCH_JOB_ARRAY_INDEX is set: write i/n",
  );
}
