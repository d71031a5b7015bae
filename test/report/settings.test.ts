import { describe, expect, it } from "vitest";
import { compareSettings, settingsOf } from "../../src/report/settings.js";
import { readSegment } from "../../src/run/segment.js";

describe("the settings of a start", () => {
  it("are its configuration, and the options that it does not name", async () => {
    const segment = await readSegment({
      type: "segment",
      segment: 0,
      line: 1,
      marian_version: "v1.12.14",
      revision: "2d067af",
      command_line: "/opt/marian --type s2s -c a.yml b.yml --quiet",
      config_text:
        'type: transformer\ndevices:\n  - 0\n  - 1\nembedding: {dim: 512}\nempty: []\nname: ""\nnothing: ~\n',
    });
    expect([...settingsOf(segment)]).toEqual([
      ["marian", "v1.12.14 2d067af"],
      ["type", "transformer"],
      ["devices", "0\n1"],
      ["embedding.dim", "512"],
      ["empty", "[]"],
      ["name", '""'],
      ["nothing", "null"],
      ["--c", "a.yml\nb.yml"],
      ["--quiet", "true"],
    ]);
  });

  it("of several stand beside each other", () => {
    const left = new Map([
      ["seed", "1"],
      ["type", "s2s"],
      ["only", ""],
    ]);
    const right = new Map([
      ["seed", "2"],
      ["type", "s2s"],
      ["new", "x"],
    ]);
    expect(compareSettings([left, right])).toEqual([
      { key: "new", values: [undefined, "x"], differs: true },
      { key: "only", values: ["", undefined], differs: true },
      { key: "seed", values: ["1", "2"], differs: true },
      { key: "type", values: ["s2s", "s2s"], differs: false },
    ]);
  });
});
