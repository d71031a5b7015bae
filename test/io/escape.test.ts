import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { harmless } from "../../src/cli/framework.js";
import { escapeLine, escapeText, jsonText, linesText } from "../../src/io/escape.js";

const BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069";
const C0_AND_C1 = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).filter((one) =>
  /\p{Cc}/u.test(one),
);
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;
const UNSAFE_BUT_BREAKS = /(?![\n\t])[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;
/** Any text, halves of characters and what is unsafe more often than by chance. */
const ANY = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.constantFrom(...C0_AND_C1, ...BIDI, "\u2028", "\u2029", "\ud800", "\udfff", "\\", '"', "\u001b[31m"),
  ),
});

describe("what is escaped", () => {
  it.each(
    [...C0_AND_C1, ...BIDI, "\u2028", "\u2029", "\ud83d", "\ude00"].map((one) => [
      `U+${one.charCodeAt(0).toString(16)}`,
      one,
    ]),
  )("is %s", (_name, character) => {
    const shown = `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    expect(escapeLine(`a${character}b`)).toBe(`a${shown}b`);
    expect(escapeText(`a${character}b`)).toBe(/[\n\t]/.test(character) ? `a${character}b` : `a${shown}b`);
  });

  it("is nothing else", () => {
    const text = "Łódź 東京 שלום مرحبا 😀 👩‍🚀 é → \\u001b C:\\new";
    expect(escapeLine(text)).toBe(text);
    expect(linesText([])).toBe("");
    expect(linesText(["a\nb", "c"])).toBe("a\\u000ab\nc\n");
  });

  it("leaves nothing unsafe of any text, escapes it once, and keeps the values of JSON", () => {
    fc.assert(
      fc.property(ANY, (text) => {
        expect(escapeLine(text)).not.toMatch(UNSAFE);
        expect(escapeText(text)).not.toMatch(UNSAFE_BUT_BREAKS);
        expect(escapeText(escapeText(text))).toBe(escapeText(text));
        expect(escapeLine(escapeText(text))).toBe(escapeLine(text));
        expect(jsonText({ [text]: [text] })).not.toMatch(UNSAFE_BUT_BREAKS);
        expect(JSON.parse(jsonText({ [text]: [text] }))).toEqual({ [text]: [text] });
        const error = harmless(new Error(text, { cause: new Error(text) }));
        for (const one of [error, error.cause as Error])
          expect(`${one.message}${one.stack}`).not.toMatch(UNSAFE_BUT_BREAKS);
      }),
    );
  });
});

/** Who else holds standard output or standard error, and why that is safe. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  "src/io/terminal.ts": ["the writer itself"],
  "src/cli/program.ts": ["listens for faults, waits for the end; writes nothing"],
  "src/cli/framework.ts": ["waits for the end; writes nothing"],
  "src/cli/load-framework.ts": ["removes a listener"],
  "src/live/pipe-signals.ts": ["listens for faults"],
  "src/cli/stop-signal.ts": ["asks whether it is a terminal"],
  "src/publishers/files.ts": ["the user's own bytes, passed on; rows, by dataText"],
  "src/cli/check-inputs.ts": ["a bar of numbers"],
  "src/cli/groups/run-groups.ts": ["a bar of numbers"],
  "src/cli/manifests/plan.ts": ["a bar of numbers"],
  "src/cli/manifests/run.ts": ["a bar of numbers; asks whether it is a terminal"],
  "src/cli/report/write-report.ts": ["a bar of numbers"],
  "src/cli/taskcluster/task.ts": ["a chart, whose names Plot has escaped"],
  "src/cli/parse.ts": ["a chart, whose names Plot has escaped"],
  "src/commands/check.ts": ["findings, each escaped before it gets its colour"],
  "src/cli/taskcluster/logs.ts": ["a log byte for byte; on a terminal by TerminalText"],
  "src/cli/compare/compare.ts": ["asks for its width"],
  "src/cli/compare/inputs.ts": ["a bar of numbers"],
  "src/cli/help.ts": ["the program's own words"],
  "src/cli/receipts/next-command.ts": ["asks whether it is a terminal"],
  "src/cli/summary/summarize.ts": ["a bar of numbers; asks for its width"],
  "src/cli/taskcluster/client.ts": ["a line by showProgress, which escapes it"],
  "src/cli/terminal/live-view.ts": ["lines whose names are escaped; asks whether it is a terminal"],
  "src/commands/eval.ts": ["a line by showProgress, which escapes it"],
  "src/commands/sync.ts": ["a line by showProgress, which escapes it"],
  "src/publishers/table-printer.ts": ["rows, by dataText"],
  "src/live/pipe.ts": ["the user's own bytes, passed on, and what the reader has said"],
};

it("is decided in one place: nobody else writes to standard output or standard error", () => {
  const holders = readdirSync("src", { recursive: true, encoding: "utf8" })
    .map((path) => `src/${path.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".ts"))
    .filter((path) => {
      // What an example in a comment prints is the reader's own.
      const code = readFileSync(path, "utf8").replace(/^\s*(?:\/?\*|\/\/).*$/gm, "");
      return /\bprocess\s*\.\s*(?:stdout|stderr)\b|\bprocess\[|\{[^}]*\bstd(?:out|err)\b[^}]*\}\s*=\s*process\b|(?<![.#\w])console\.(?:log|error|warn|info|debug|table|trace|dir)\b|\blogToStderr\(|\bthis\.log(?:Json)?\(|\bux\.std|\bnew DescriptorWriter\(|_rawDebug|\bwriteSync\([12]\b/.test(
        code,
      );
    });
  expect(holders.sort()).toEqual(Object.keys(OTHERS).sort());
});

it("is written by nobody else: others hand the streams on", () => {
  const writers = Object.keys(OTHERS).filter((path) =>
    /\bprocess\.std(?:out|err)\.(?:write|end)\b/.test(readFileSync(path, "utf8")),
  );
  expect(writers).toEqual(["src/io/terminal.ts"]);
});

it("comes before every other writing of control characters in another way", () => {
  const own = readdirSync("src", { recursive: true, encoding: "utf8" })
    .map((path) => `src/${path.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".ts") && !path.startsWith("src/io/escape"))
    .filter((path) => /replace(?:All)?\([^\n]*\\p\{Cc\}/.test(readFileSync(path, "utf8")));
  // The name of a file, and not what is shown.
  expect(own).toEqual(["src/cli/taskcluster/download.ts"]);
});
