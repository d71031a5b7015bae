/** CPU, memory, disk and network of the machine. */
import { readdir, statfs } from "node:fs/promises";
import { cpus, freemem, totalmem } from "node:os";
import { type MetricsPart, numberOf, percent, readProc, type Sample } from "./sample.js";

const MB = 1 << 20;
const GB = 1 << 30;
const KB = 1024;
/** In /proc/diskstats, whatever the disk's own is. */
const SECTOR = 512;

/** Ticks of all cores. */
interface Ticks {
  readonly busy: number;
  readonly total: number;
}

/** Reads /proc, which costs under a millisecond; without it, CPU and memory are what Node knows of them. */
export class MachineMetrics implements MetricsPart {
  readonly #disk: string;
  #ticks: Ticks | undefined;
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
    const now = ticksOf(stat) ?? ticksOfNode();
    const before = this.#ticks;
    this.#ticks = now;
    return before !== undefined && now.total > before.total
      ? { cpu: percent(now.busy - before.busy, now.total - before.total) }
      : {};
  }

  async #room(): Promise<Sample> {
    try {
      const { blocks, bfree, bavail, bsize } = await statfs(this.#disk);
      const used = blocks - bfree;
      return {
        [`disk.${this.#disk}.usagePercent`]: percent(used, used + bavail),
        [`disk.${this.#disk}.usageGB`]: (used * bsize) / GB,
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
    for (const line of text.split("\n")) {
      const [, , name = "", , , read = "", , , , written = ""] = line.trim().split(/\s+/);
      if (!names.has(name) || /^(?:loop|ram|zram|dm-|md|sr|fd)/.test(name)) continue;
      sample[`disk.${name}.in`] = (this.#since(`${name}.in`, Number(read)) * SECTOR) / MB;
      sample[`disk.${name}.out`] = (this.#since(`${name}.out`, Number(written)) * SECTOR) / MB;
    }
    return sample;
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
  return {
    memory_percent: percent(total - available, total),
    "proc.memory.availableMB": available / MB,
  };
}

/** `cpu user nice system idle iowait irq softirq steal …` */
function ticksOf(stat: string): Ticks | undefined {
  const [, text] = /^cpu {2}(.*)$/m.exec(stat) ?? [];
  if (text === undefined) return undefined;
  // Time of guests is in that of users already.
  const numbers = text.split(" ").slice(0, 8).map(Number);
  const total = numbers.reduce((sum, value) => sum + value, 0);
  return { busy: total - (numbers[3] ?? 0) - (numbers[4] ?? 0), total };
}

function ticksOfNode(): Ticks {
  const all = cpus().map(({ times }) => times);
  const idle = all.reduce((sum, times) => sum + times.idle, 0);
  const busy = all.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0);
  return { busy, total: busy + idle };
}
