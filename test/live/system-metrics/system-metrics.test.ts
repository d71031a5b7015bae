import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { GpuMetrics, readGpus } from "../../../src/live/system-metrics/gpu-metrics.js";
import { MachineMetrics } from "../../../src/live/system-metrics/machine-metrics.js";
import { ProcessMetrics } from "../../../src/live/system-metrics/process-metrics.js";
import type { MetricsPart, Sample } from "../../../src/live/system-metrics/sample.js";
import { SystemMetrics } from "../../../src/live/system-metrics/system-metrics.js";

const scratch = mkdtempSync(join(tmpdir(), "system-metrics-"));
const linux = existsSync("/proc/self/status");
if (!linux) process.stderr.write("skipped: values of /proc (this is no Linux)\n");

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function program(name: string, script: string): string {
  const path = join(scratch, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("the machine", () => {
  it.skipIf(!linux)("is measured under the official client's names", async () => {
    const metrics = new MachineMetrics();
    const first = await metrics.sample();
    await until(() => process.cpuUsage().user > 0);
    // Some work, so that the ticks of the cores move on.
    const end = process.cpuUsage().user + 200_000;
    while (process.cpuUsage().user < end);
    const second = await metrics.sample();
    expect(first).not.toHaveProperty("cpu");
    expect(second["cpu"]).toBeGreaterThan(0);
    expect(second["cpu"]).toBeLessThanOrEqual(100);
    expect(second["memory_percent"]).toBeGreaterThan(0);
    expect(second["memory_percent"]).toBeLessThan(100);
    expect(second["memory"]).toBe(second["memory_percent"]);
    expect(second["cpu.0.cpu_percent"]).toBeLessThanOrEqual(100);
    expect(second["disk.\\.usageGB"]).toBe(second["disk./.usageGB"]);
    expect(second["proc.memory.availableMB"]).toBeGreaterThan(1);
    expect(second["disk./.usagePercent"]).toBeGreaterThan(0);
    expect(second["disk./.usageGB"]).toBeGreaterThan(0);
    expect([first["network.sent"], first["network.recv"]]).toEqual([0, 0]);
    expect(second["network.sent"]).toBeGreaterThanOrEqual(0);
    for (const [name, value] of Object.entries(second)) {
      expect(name).toMatch(
        /^(?:cpu|cpu\.\d+\.cpu_percent|memory|memory_percent|proc\.memory\.availableMB|disk\.\S+\.(?:usagePercent|usageGB|in|out)|disk\.(?:in|out)|network\.(?:sent|recv|tcpRetransmits))$/,
      );
      expect(Number.isFinite(value)).toBe(true);
    }
  });

  it("without a disk of that name goes without", async () => {
    expect(await new MachineMetrics("/no/such/folder").sample()).not.toHaveProperty(
      "disk./no/such/folder.usageGB",
    );
  });
});

describe("the training", () => {
  it.skipIf(!linux)("is the process that writes to the pipe", async () => {
    // `sleep` is the training; the shell behind the pipe says which one it reads.
    const script = `sleep 20 | { readlink /proc/self/fd/0; read line; }`;
    const child = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"], detached: true });
    let pipe = "";
    child.stdout.on("data", (text: Buffer) => {
      pipe += text.toString();
    });
    await until(() => pipe.endsWith("\n"));
    const metrics = new ProcessMetrics(pipe.trim());
    let sample = await metrics.sample();
    // Before the shell has become `sleep` there is nothing to measure.
    while (Object.keys(sample).length === 0) sample = await metrics.sample();
    expect(sample["proc.cpu.threads"]).toBe(1);
    expect(sample["proc.memory.rssMB"]).toBeGreaterThan(0);
    expect(sample["proc.memory.percent"]).toBeGreaterThanOrEqual(0);
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    // `sleep` is not this test's child: the system tells nobody here when it has ended.
    while (Object.keys(sample).length > 0) sample = await metrics.sample();
    expect(await metrics.sample()).toEqual({});
  });

  it.each([undefined, "", "/dev/null", "pipe:[1]"])("is not known from %j", async (input) => {
    expect(await new ProcessMetrics(input).sample()).toEqual({});
  });
});

describe("GPUs", () => {
  const LINES =
    "0, 97, 54, 14562, 16384, 71, 243.51, 300.00, 1380, 877, [N/A]\n" +
    "1, 0, 0, 4, 16384, 33, 41.02, 300.00, 135, 877, 30\n";

  it("have their names and units", () => {
    const { "gpu.0.memoryAllocated": share, "gpu.0.powerPercent": power, ...rest } = readGpus(LINES);
    expect(share).toBeCloseTo(88.88, 2);
    expect(power).toBeCloseTo(81.17, 2);
    expect(rest).toMatchObject({
      "gpu.0.gpu": 97,
      "gpu.0.memory": 54,
      "gpu.0.memoryAllocatedBytes": 14562 * 1024 * 1024,
      "gpu.0.temp": 71,
      "gpu.0.powerWatts": 243.51,
      "gpu.0.enforcedPowerLimitWatts": 300,
      "gpu.0.smClock": 1380,
      "gpu.0.memoryClock": 877,
      "gpu.1.gpu": 0,
      "gpu.1.fanSpeed": 30,
    });
    expect(rest).not.toHaveProperty("gpu.0.fanSpeed");
  });

  it.each(["", "No devices were found\n", "x\n\0\n,,,\n", "0\n"])("of %j there are none", (text) => {
    expect(readGpus(text)).toEqual({});
  });

  it("are asked through nvidia-smi", async () => {
    const smi = program("smi", `case "$1" in --query-gpu=index,utilization.gpu,*) printf '${LINES}';; esac`);
    expect((await new GpuMetrics(smi).sample())["gpu.1.temp"]).toBe(33);
  });

  it.each([
    ["isn't there", join(scratch, "no-smi")],
    ["fails", program("broken", "echo 'Failed to initialize NVML'; exit 9")],
  ])("are left out where nvidia-smi %s", async (_what, smi) => {
    const metrics = new GpuMetrics(smi);
    expect(await metrics.sample()).toEqual({});
    expect(await metrics.sample()).toEqual({});
  });

  it("are given up at once where nvidia-smi isn't there, and nothing else is killed", async () => {
    const metrics = new GpuMetrics(join(scratch, "no-smi"));
    const sample = metrics.sample();
    metrics.stop();
    expect(await sample).toEqual({});
  });

  it("are left out while nvidia-smi hangs, which is killed", async () => {
    const smi = program("hanging", `echo $$ > ${scratch}/pid; exec sleep 1000`);
    const metrics = new GpuMetrics(smi, 200);
    expect(await metrics.sample()).toEqual({});
    const { readFileSync } = await import("node:fs");
    const pid = Number(readFileSync(join(scratch, "pid"), "utf8"));
    await until(() => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    });
  });
});

describe("samples", () => {
  const part = (answers: (() => Promise<Sample>)[]): MetricsPart => ({
    sample: () => answers.shift()?.() ?? Promise.resolve({}),
  });
  const hangs = () => new Promise<Sample>(() => {});
  const fails = () => Promise.reject(new Error("broken"));

  it("come at once, and then again; what hangs or fails is left out", async () => {
    const got: Sample[] = [];
    const parts = [
      part([async () => ({ a: 1 }), async () => ({ a: 2 }), async () => ({ a: 3 })]),
      part([fails, async () => ({ b: 2 })]),
      part([hangs, async () => ({ c: 2 })]),
    ];
    const metrics = new SystemMetrics((sample) => got.push(sample), { parts, interval: 40 });
    metrics.start();
    await until(() => got.length === 3);
    metrics.stop();
    // The third part never came back, so it was not asked again.
    expect(got).toEqual([{ a: 1 }, { a: 2, b: 2 }, { a: 3 }]);
  });
});
