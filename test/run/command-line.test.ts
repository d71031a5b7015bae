import fc from "fast-check";
import { split } from "shlex";
import { describe, expect, it } from "vitest";
import { readArguments } from "../../src/run/command-line.js";

const read = (options: string) => ({ ...readArguments(`/opt/marian ${options}`) });

describe("readArguments", () => {
  it("flags are true, one value is a text, several are a list", () => {
    expect(read("--sync-sgd --type transformer --devices 0 1 2 --no-restore-corpus")).toEqual({
      "sync-sgd": true,
      type: "transformer",
      devices: ["0", "1", "2"],
      "no-restore-corpus": true,
    });
  });

  it("--key=value, also with an equals sign or nothing in the value", () => {
    expect(read("--type=s2s --options=a=b --empty= --beam-size 6")).toEqual({
      type: "s2s",
      options: "a=b",
      empty: "",
      "beam-size": "6",
    });
  });

  it("negative numbers are values", () => {
    expect(read("--clip-norm -1 --range -0.5 -.5 -1e-3 --end")).toEqual({
      "clip-norm": "-1",
      range: ["-0.5", "-.5", "-1e-3"],
      end: true,
    });
  });

  it("reads short options", () => {
    expect(read("-m model.npz -t a.en a.fr -v v1.spm v2.spm -q")).toEqual({
      m: "model.npz",
      t: ["a.en", "a.fr"],
      v: ["v1.spm", "v2.spm"],
      q: true,
    });
  });

  it("an option that is given again keeps all its values", () => {
    expect(read("--set a --other --set b c --set --set=d")).toEqual({
      set: ["a", "b", "c", "d"],
      other: true,
    });
  });

  it("quotes that are balanced are taken as a shell would, an apostrophe as it is", () => {
    expect(read(`--name "two words" --path 'a b'`)).toEqual({ name: "two words", path: "a b" });
    expect(read("--path /home/o'brien/x --after 1")).toEqual({ path: "/home/o'brien/x", after: "1" });
  });

  it("words before the first option and a line without any are nothing", () => {
    expect(read("surplus words --a b")).toEqual({ a: "b" });
    expect(readArguments("")).toEqual({});
    expect(readArguments("marian")).toEqual({});
    expect(readArguments("/bin/marian --only")).toEqual({ only: true });
  });

  it("names of Object.prototype are options like others", () => {
    const options = readArguments("marian --constructor a --toString b");
    expect(Object.entries(options)).toEqual([
      ["constructor", "a"],
      ["toString", "b"],
    ]);
    expect(Object.isFrozen(options)).toBe(true);
  });

  it("takes words as a shell does, whether or not the package is asked", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z$#&é \t\r\n\v\f'"\\]{0,12}$/), (text) => {
        let words: string[];
        try {
          words = split(text);
        } catch {
          return;
        }
        expect(readArguments(`marian --key ${text}`)["key"] ?? []).toEqual(
          words.length === 0 ? true : words.length === 1 ? words[0] : words,
        );
      }),
    );
  });
});
