/** CPU, memory, disk and network of the machine. */
import { readdir, statfs } from "node:fs/promises";
import { cpus, freemem, totalmem } from "node:os";
import { type MetricsPart, numberOf, percent, readProc, type Sample } from "./sample.js";

const MB = 1 << 20;
const GB = 1 << 30;
const KB = 1024;
/** In /proc/diskstats, whatever the disk's own is. */
const SECTOR = 512;

/** Ticks of all cores, or of one. */
interface Ticks {
  readonly busy: number;
  readonly total: number;
}

/**
 * Reads /proc, which costs under a millisecond; without it, CPU and memory are what Node knows of them. Values that the
 * official client names otherwise since 0.18 come by the old name too, so that earlier runs share their charts.
 */
export class MachineMetrics implements MetricsPart {
  readonly #disk: string;
  /** Of all cores together, then of each; undefined for one that is switched off. */
  #ticks: readonly (Ticks | undefined)[] = [];
  /** Counters at the first sample: the official client counts from the run's start. */
  readonly #first = new Map<string, number>();

  /** @param disk A folder on the disk whose room is measured. */
  constructor(disk = "/") {
    this.#disk = disk;
  }

  async sample(): Promise<Sample> {
    const [stat, memory, disks, network, tcp] = await Promise.all(
      ["stat", "meminfo", "diskstats", "net/dev", "net/snmp"].map((name) => readProc(`/proc/${name}`)),
    );
    return {
      ...this.#cpu(stat ?? ""),
      ...memoryOf(memory ?? ""),
      ...(await this.#room()),
      ...(await this.#disks(disks ?? "")),
      ...this.#network(network ?? "", tcp ?? ""),
    };
  }

  #cpu(stat: string): Sample {
    const read = ticksOf(stat);
    const now = read.length > 0 ? read : ticksOfNode();
    const before = this.#ticks;
    this.#ticks = now;
    const sample: Record<string, number> = {};
    for (const [at, ticks] of now.entries()) {
      const last = before[at];
      if (ticks === undefined || last === undefined || ticks.total <= last.total) continue;
      const name = at === 0 ? "cpu" : `cpu.${at - 1}.cpu_percent`;
      sample[name] = percent(ticks.busy - last.busy, ticks.total - last.total);
    }
    return sample;
  }

  async #room(): Promise<Sample> {
    try {
      const { blocks, bfree, bavail, bsize } = await statfs(this.#disk);
      const used = blocks - bfree;
      const [share, size] = [percent(used, used + bavail), (used * bsize) / GB];
      const old = this.#disk.replaceAll("/", "\\");
      return {
        [`disk.${this.#disk}.usagePercent`]: share,
        [`disk.${this.#disk}.usageGB`]: size,
        [`disk.${old}.usagePercent`]: share,
        [`disk.${old}.usageGB`]: size,
      };
    } catch {
      return {};
    }
  }

  /** Disks, not their partitions and what is made of them. */
  async #disks(text: string): Promise<Sample> {
    if (text === "") return {};
    const names = new Set(await readdir("/sys/block").catch(() => []));
    const sample: Record<string, number> = {};
    let [allRead, allWritten] = [0, 0];
    for (const line of text.split("\n")) {
      const [, , name = "", , , read = "", , , , written = ""] = line.trim().split(/\s+/);
      if (!names.has(name) || /^(?:loop|ram|zram|dm-|md|sr|fd)/.test(name)) continue;
      const now = [
        this.#since(`${name}.in`, Number(read)),
        this.#since(`${name}.out`, Number(written)),
      ] as const;
      sample[`disk.${name}.in`] = (now[0] * SECTOR) / MB;
      sample[`disk.${name}.out`] = (now[1] * SECTOR) / MB;
      allRead += now[0];
      allWritten += now[1];
    }
    if (Object.keys(sample).length === 0) return {};
    return { ...sample, "disk.in": (allRead * SECTOR) / MB, "disk.out": (allWritten * SECTOR) / MB };
  }

  #network(text: string, tcp: string): Sample {
    if (text === "") return {};
    let [sent, received] = [0, 0];
    for (const line of text.split("\n")) {
      const [, name, rest = ""] = /^\s*([^:]+):\s*(.*)$/.exec(line) ?? [];
      // What the machine says to itself is no traffic.
      if (name === undefined || name === "lo") continue;
      const numbers = rest.split(/\s+/).map(Number);
      received += numbers[0] ?? 0;
      sent += numbers[8] ?? 0;
    }
    const [names = [], values = []] = tcp
      .split("\n")
      .filter((line) => line.startsWith("Tcp: "))
      .map((line) => line.split(" "));
    const again = Number(values[names.indexOf("RetransSegs")]);
    return {
      "network.sent": this.#since("sent", sent),
      "network.recv": this.#since("recv", received),
      ...(Number.isNaN(again) ? {} : { "network.tcpRetransmits": this.#since("tcp", again) }),
    };
  }

  #since(name: string, now: number): number {
    const first = this.#first.get(name) ?? now;
    this.#first.set(name, Math.min(first, now));
    return Math.max(0, now - first);
  }
}

function memoryOf(text: string): Sample {
  const total = (numberOf(text, "MemTotal") ?? totalmem() / KB) * KB;
  const available = (numberOf(text, "MemAvailable") ?? freemem() / KB) * KB;
  const used = percent(total - available, total);
  return {
    memory_percent: used,
    memory: used,
    "proc.memory.availableMB": available / MB,
  };
}

/** `cpu user nice system idle iowait irq softirq steal …`, then a line `cpu0 …` for each core. */
function ticksOf(stat: string): (Ticks | undefined)[] {
  const all: (Ticks | undefined)[] = [];
  for (const [, core = "", text = ""] of stat.matchAll(/^cpu(\d*) +(.*)$/gm)) {
    // Time of guests is in that of users already.
    const numbers = text.split(" ").slice(0, 8).map(Number);
    const total = numbers.reduce((sum, value) => sum + value, 0);
    all[core === "" ? 0 : Number(core) + 1] = { busy: total - (numbers[3] ?? 0) - (numbers[4] ?? 0), total };
  }
  return all;
}

function ticksOfNode(): Ticks[] {
  const cores = cpus().map(({ times: { user, nice, sys, irq, idle } }) => {
    const busy = user + nice + sys + irq;
    return { busy, total: busy + idle };
  });
  const sum = (of: (core: Ticks) => number) => cores.reduce((total, core) => total + of(core), 0);
  return [{ busy: sum(({ busy }) => busy), total: sum(({ total }) => total) }, ...cores];
}
