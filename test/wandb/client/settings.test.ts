import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ApiKey,
  readKeyFile,
  resolveSettings,
  WandbClient,
  WandbError,
} from "../../../src/wandb/client/index.js";

const keyOf = (letter: string): string => letter.repeat(44);
const headerOf = (key: string): string => `Basic ${Buffer.from(`api:${key}`).toString("base64")}`;

describe("settings", () => {
  let home = "";

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "wandb-settings-"));
  });

  afterEach(() => rm(home, { recursive: true }));

  const resolve = (overrides = {}, environment = {}) =>
    resolveSettings(overrides, { HOME: home, ...environment }, { workingDirectory: home });

  it("knows the hosted server and its pages", () => {
    expect(resolve()).toMatchObject({
      baseUrl: "https://api.wandb.ai",
      uiUrl: "https://wandb.ai",
      mode: "online",
    });
    expect(resolve().apiKey).toBeUndefined();
  });

  it("takes the base URL without its last slash, and finds the pages of other servers", () => {
    expect(resolve({}, { WANDB_BASE_URL: "https://wandb.example/" })).toMatchObject({
      baseUrl: "https://wandb.example",
      uiUrl: "https://wandb.example",
    });
    expect(resolve({}, { WANDB_BASE_URL: "https://api.example" }).uiUrl).toBe("https://app.example");
    expect(resolve({}, { WANDB_APP_URL: "https://pages.example/" }).uiUrl).toBe("https://pages.example");
    expect(() => resolve({ baseUrl: "wandb.example" })).toThrow(WandbError);
  });

  it("prefers the flag to the environment, that to netrc, and that to wandb's own files", async () => {
    await mkdir(join(home, ".config", "wandb"), { recursive: true });
    await writeFile(
      join(home, ".config", "wandb", "settings"),
      `[default]\nbase_url = https://wandb.example\napi_key = ${keyOf("s")}\nentity = from-file\n`,
    );
    expect(resolve().apiKey?.authorization()).toBe(headerOf(keyOf("s")));
    expect(resolve().entity).toBe("from-file");
    await writeFile(
      join(home, ".netrc"),
      `machine api.wandb.ai\n  login user\n  password ${keyOf("o")}\nmachine wandb.example login user password ${keyOf("n")} # mine\n`,
    );
    expect(resolve().apiKey?.authorization()).toBe(headerOf(keyOf("n")));
    const environment = { WANDB_API_KEY: keyOf("e"), WANDB_ENTITY: "from-env" };
    expect(resolve({}, environment).apiKey?.authorization()).toBe(headerOf(keyOf("e")));
    expect(resolve({}, environment).entity).toBe("from-env");
    await writeFile(join(home, "key"), `${keyOf("f")}\n`);
    const flags = { apiKeyFile: join(home, "key"), entity: "from-flag" };
    expect(resolve(flags, environment).apiKey?.authorization()).toBe(headerOf(keyOf("f")));
    expect(resolve(flags, environment).entity).toBe("from-flag");
  });

  it("reads the netrc file that NETRC names, and takes entries of the right host only", async () => {
    await writeFile(
      join(home, "other"),
      `machine elsewhere password ${keyOf("x")} machine api.wandb.ai password ${keyOf("y")}`,
    );
    expect(resolve({}, { NETRC: "~/other" }).apiKey?.authorization()).toBe(headerOf(keyOf("y")));
    expect(resolve({ baseUrl: "https://third.example" }, { NETRC: "~/other" }).apiKey).toBeUndefined();
  });

  it("reads the mode and refuses others", () => {
    expect(resolve({}, { WANDB_MODE: "offline" }).mode).toBe("offline");
    expect(resolve({}, { WANDB_MODE: "dryrun" }).mode).toBe("offline");
    expect(() => resolve({}, { WANDB_MODE: "sometimes" })).toThrow(/WANDB_MODE must be/);
  });

  it("refuses a key that is too short, without printing it", () => {
    const key = "0123456789abcdef";
    try {
      resolve({}, { WANDB_API_KEY: key });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "bad-key" });
      expect(String(error)).toContain("at least 40 characters");
      expect(String(error)).not.toContain(key);
    }
  });

  it("names a file of the key that is not there, or holds none", async () => {
    const path = join(home, "nothing");
    expect(() => resolve({ apiKeyFile: path })).toThrow(`${path}: there is no such file`);
    await writeFile(path, "short\n");
    expect(() => resolve({ apiKeyFile: path })).toThrow(/API key from .*nothing can't be right/);
    expect(() => resolve({ apiKeyFile: home })).toThrow("it can't be read (EISDIR)");
  });

  it("says what to do when there is no key", () => {
    expect(() => new WandbClient(resolve())).toThrow(/WANDB_API_KEY.*WANDB_MODE=offline/);
  });
});

describe("an API key", () => {
  it("is not printed in any way", () => {
    const text = keyOf("z");
    const key = new ApiKey(text, "the test");
    const everything = [
      String(key),
      `${key}`,
      JSON.stringify({ key }),
      inspect({ key }, { depth: 9, showHidden: true }),
    ];
    for (const print of everything) expect(print).not.toContain(text);
    expect(key.secrets.redact(`before ${text} and ${headerOf(text)} after`)).toBe(
      "before [API key hidden] and Basic [API key hidden] after",
    );
  });
});

describe("files with a key", () => {
  it.each([
    ["a folder", (path: string) => mkdirSync(path)],
    ["a named pipe", (path: string) => void execFileSync("mkfifo", [path])],
    ["a device without an end", (path: string) => symlinkSync("/dev/zero", path)],
    ["a large file", (path: string) => writeFileSync(path, Buffer.alloc(1e6, "k"))],
  ])("are small and regular, not %s", (_what, make) => {
    const folder = mkdtempSync(join(tmpdir(), "key-"));
    const path = join(folder, "key");
    make(path);
    expect(() => readKeyFile(path)).toThrow(
      /EISDIR|not a regular file \(ENOTREG\)|larger than 65536 bytes \(EFBIG\)/,
    );
    rmSync(folder, { recursive: true });
  });

  it("a user and a password in the base URL are neither kept nor printed", () => {
    const { baseUrl, uiUrl } = resolveSettings(
      { baseUrl: "https://me:hunter22@wandb.test/x/?a=b" },
      {},
      { workingDirectory: "." },
    );
    expect([baseUrl, uiUrl]).toEqual(["https://wandb.test/x", "https://wandb.test/x"]);
    const failure = () =>
      resolveSettings({ baseUrl: "ftp://me:hunter22@host" }, {}, { workingDirectory: "." });
    expect(failure).toThrow(/must start with http/);
    expect(failure).not.toThrow(/hunter22/);
  });
});
