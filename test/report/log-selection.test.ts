import { describe, expect, it } from "vitest";
import { isSameLog, repeatsValidations } from "../../src/report/log-selection.js";
import { start, train, valid } from "../cli/sample-logs.js";
import { runOf } from "./sample-run.js";

const TRAIN = start() + train(100) + valid(100, "chrf", 40) + train(200) + valid(200, "chrf", 41);

async function log(source: string, text: string) {
  return { ...(await runOf(text)), source };
}

describe("a log of validations", () => {
  it("repeats its training's where that has every record", async () => {
    const training = await log("student/train.log.gz", TRAIN);
    const records = valid(100, "chrf", 40) + valid(200, "chrf", 41);
    expect(repeatsValidations(await log("student/valid.log.gz", records), [training])).toBe(true);
    expect(repeatsValidations(await log("teacher/valid.log.gz", records), [training])).toBe(false);
    expect(repeatsValidations(await log("student/other.log.gz", records), [training])).toBe(false);
  });

  it("does not where it has one more, another value, or training records", async () => {
    const others = [await log("train.log", TRAIN)];
    const is = async (text: string) => repeatsValidations(await log("valid.log", text), others);
    expect(await is(valid(300, "chrf", 42))).toBe(false);
    expect(await is(valid(200, "chrf", 41.5))).toBe(false);
    expect(await is(valid(200, "comet", 41))).toBe(false);
    expect(await is(valid(200, "chrf", 41) + train(300))).toBe(false);
  });
});

describe("a log that is read again", () => {
  it("begins as it did, though it has grown", async () => {
    expect(isSameLog(await log("train.log", TRAIN), await log("train.log", TRAIN + train(300)))).toBe(true);
  });

  it("is another where its first record differs", async () => {
    const other = TRAIN.replace("Up. 100", "Up. 101");
    expect(isSameLog(await log("train.log", TRAIN), await log("train.log", other))).toBe(false);
    expect(isSameLog(await log("a", valid(1, "chrf", 1)), await log("a", valid(1, "chrf", 2)))).toBe(false);
  });
});
