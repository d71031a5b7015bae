/** The rows of a log, found without the program. */

/** One measurement, as the log says it. */
export interface Said {
  readonly up: number;
  readonly values: Readonly<Record<string, number>>;
}

/** The measurements of a log, read without the program. */
export function said(log: Buffer): Said[] {
  const found: Said[] = [];
  for (const line of log.toString("latin1").split("\n")) {
    const [, up, sen, cost, time, rate, gnorm] =
      /Ep\. 1 : Up\. (\d+) : Sen\. (\d+) : Cost (\S+) : Time (\S+)s : (\S+) words\/s : gNorm (\S+)/.exec(
        line,
      ) ?? [];
    if (up !== undefined) {
      const values = {
        epoch: 1,
        sen: Number(sen),
        cost: Number(cost),
        time: Number(time),
        rate: Number(rate),
        gnorm: Number(gnorm),
      };
      found.push({ up: Number(up), values });
      continue;
    }
    const [, at, metric = "", value] =
      /\[valid\] Ep\. 1 : Up\. (\d+) : (\S+) : (\S+) : new best/.exec(line) ?? [];
    if (at !== undefined)
      found.push({ up: Number(at), values: { [metric.replaceAll("-", "_")]: Number(value) } });
  }
  return found;
}

/** The rows that W&B is to have of measurements: one an update, in the order of the log. */
export function rowsOf(measurements: readonly Said[]): Record<string, number>[] {
  const merged = new Map<number, Record<string, number>>();
  for (const { up, values } of measurements) merged.set(up, { ...merged.get(up), ...values });
  return [...merged].map(([_step, values]) => ({ _step, ...values }));
}
