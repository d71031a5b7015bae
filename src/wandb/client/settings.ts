import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Secrets, withoutCredentials } from "../../http/index.js";
import { ApiKey } from "./api-key.js";
import { WandbError } from "./errors.js";

const HOSTED = "https://api.wandb.ai";
/** Bytes of a file with a key or with settings. */
const LARGEST_FILE = 64 * 1024;

/** Whether runs go to the server, to offline files, or nowhere. */
export type WandbMode = "online" | "offline" | "disabled";

/** What the client needs to know before it speaks to a server. */
export interface WandbSettings {
  /** URL of the API, without a slash at the end. */
  readonly baseUrl: string;
  /** URL of the web pages, without a slash at the end. */
  readonly uiUrl: string;
  /** Absent when none was found. */
  readonly apiKey: ApiKey | undefined;
  /** Absent: the default entity of the key's owner. */
  readonly entity: string | undefined;
  /** Tags of the runs, for commands that are given none. */
  readonly tags?: readonly string[];
  readonly notes?: string | undefined;
  readonly jobType?: string | undefined;
  readonly mode: WandbMode;
  /** Folder under which `wandb/` with the offline runs lies. */
  readonly dir: string;
}

/** Values that stand over the environment, for instance from command-line flags. */
export interface SettingsOverrides {
  /** A file with the key and nothing else: everybody can see a key on a command line. */
  readonly apiKeyFile?: string | undefined;
  readonly baseUrl?: string | undefined;
  readonly entity?: string | undefined;
  /** `online` does not switch on what the environment disables. */
  readonly mode?: string | undefined;
  readonly dir?: string | undefined;
}

/** Where settings are looked for, and who hears of what is wrong with them. */
interface SettingsOptions {
  readonly workingDirectory?: string;
  /** Where offline runs go if no folder is named; default: the working directory. */
  readonly offlineDir?: string | undefined;
  readonly warn?: (message: string) => void;
}

/** Variables of the environment, as in process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Puts the settings together: override, then environment, then (for the key) netrc, then wandb's settings files.
 * Throws a WandbError for a key that can't be one, or whose file can't be read, and a WandbError for a bad URL
 * or mode.
 */
export function resolveSettings(
  overrides: SettingsOverrides = {},
  environment: Environment = process.env,
  { workingDirectory = process.cwd(), offlineDir, warn = () => {} }: SettingsOptions = {},
): WandbSettings {
  const named = overrides.dir ?? given(environment, "WANDB_DIR");
  const files = settingsFiles(environment, named ?? workingDirectory);
  const baseUrl = checkedUrl(
    overrides.baseUrl ?? given(environment, "WANDB_BASE_URL") ?? files.get("base_url") ?? HOSTED,
  );
  return {
    baseUrl,
    uiUrl: withoutCredentials(given(environment, "WANDB_APP_URL") ?? uiUrlOf(baseUrl)).replace(/\/+$/, ""),
    apiKey: findKey(overrides, environment, new URL(baseUrl).host, files, warn),
    entity: overrides.entity ?? given(environment, "WANDB_ENTITY") ?? files.get("entity"),
    tags: [
      ...new Set((given(environment, "WANDB_TAGS") ?? "").split(",").flatMap((tag) => tag.trim() || [])),
    ],
    notes: given(environment, "WANDB_NOTES"),
    jobType: given(environment, "WANDB_JOB_TYPE"),
    mode: modeOf(overrides.mode, environment, files),
    dir: named ?? offlineDir ?? workingDirectory,
  };
}

function findKey(
  overrides: SettingsOverrides,
  environment: Environment,
  host: string,
  files: ReadonlyMap<string, string>,
  warn: (message: string) => void,
): ApiKey | undefined {
  if (overrides.apiKeyFile !== undefined) return readKeyFile(overrides.apiKeyFile, warn);
  const fromEnvironment = given(environment, "WANDB_API_KEY");
  if (fromEnvironment !== undefined) return new ApiKey(fromEnvironment, "WANDB_API_KEY");
  for (const path of netrcPaths(environment)) {
    const password = netrcPassword(readOrEmpty(path), host);
    if (password !== undefined) return new ApiKey(password, path);
  }
  const stored = files.get("api_key");
  return stored === undefined ? undefined : new ApiKey(stored, "wandb's settings file");
}

/** What a key looks like. */
const KEY = /^[\w-]{40,}$/;

/**
 * The key that a file holds.
 *
 * @throws WandbError if the file can't be read or its content can't be a key.
 */
export function readKeyFile(path: string, warn: (message: string) => void = () => {}): ApiKey {
  let text: string;
  try {
    text = readSmallFile(path, (mode) => {
      if ((mode & 0o044) !== 0 && process.platform !== "win32")
        warn(`warning: the file of the W&B API key, ${path}, can be read by others: chmod 600 ${path}`);
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === "ENOENT"
        ? "there is no such file"
        : code === undefined
          ? message
          : `it can't be read (${code})`;
    // Who takes the flag for that of the key gives the key itself.
    if (code === "ENOENT" && KEY.test(path))
      throw new WandbError(
        "key-file",
        "the file of the W&B API key: there is no such file; give the name of a file, not the key",
      );
    throw new WandbError("key-file", `the file of the W&B API key, ${path}: ${reason}`);
  }
  return new ApiKey(text, path);
}

/**
 * The text of a file of settings: a small, regular one. A pipe would be waited for, and a device has no end.
 *
 * @throws Error with a sentence for the user, or of the file system.
 */
function readSmallFile(path: string, check: (mode: number) => void = () => {}): string {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const info = fstatSync(file);
    if (info.isDirectory()) throw Object.assign(new Error("it is a folder"), { code: "EISDIR" });
    if (!info.isFile()) throw new Error("it is not a regular file (ENOTREG)");
    if (info.size > LARGEST_FILE) throw new Error(`it is larger than ${LARGEST_FILE} bytes (EFBIG)`);
    check(info.mode);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function netrcPaths(environment: Environment): string[] {
  const named = given(environment, "NETRC");
  if (named !== undefined) return [named.replace(/^~(?=\/|$)/, home(environment))];
  return [join(home(environment), ".netrc"), join(home(environment), "_netrc")];
}

/** Password of the entry `machine <host>` in the text of a netrc file; undefined if there is none. */
function netrcPassword(text: string, host: string): string | undefined {
  const words = text
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, ""))
    .join(" ")
    .split(/\s+/);
  let here = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === "default") here = false;
    else if (word === "machine") here = words[at + 1] === host;
    else if (word === "password" && here) return words[at + 1];
  }
  return undefined;
}

/** The user's settings file, then the project's, which stands over it. */
function settingsFiles(environment: Environment, dir: string): Map<string, string> {
  const configDir = given(environment, "WANDB_CONFIG_DIR") ?? join(home(environment), ".config", "wandb");
  return new Map([...readIni(join(configDir, "settings")), ...readIni(join(dir, "wandb", "settings"))]);
}

function readIni(path: string): Map<string, string> {
  const values = new Map<string, string>();
  let section = "default";
  for (const line of readOrEmpty(path).split(/\r?\n/)) {
    const heading = /^\s*\[(.*)\]\s*$/.exec(line)?.[1];
    if (heading !== undefined) section = heading.trim();
    const [, key, value] = /^\s*([A-Za-z_]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === "default" && key !== undefined && value !== undefined && value !== "")
      values.set(key, value);
  }
  return values;
}

function readOrEmpty(path: string): string {
  try {
    return readSmallFile(path);
  } catch {
    // Absent or unreadable: the next source is tried, as the official client does.
    return "";
  }
}

/** Where the web pages of a server are. */
function uiUrlOf(baseUrl: string): string {
  if (baseUrl.includes("://api.wandb.test")) return baseUrl.replace("://api.", "://app.");
  if (baseUrl.includes("://api.wandb.")) return baseUrl.replace("://api.", "://");
  return baseUrl.replace("://api.", "://app.");
}

function checkedUrl(text: string): string {
  const url = text.trim().replace(/\/+$/, "");
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new WandbError(
      "refused",
      `the W&B base URL must start with http:// or https://, not ${JSON.stringify(new Secrets().redact(text))}`,
    );
  }
  // A user and a password in it are never sent, because the key goes in their place; nor is a query of use.
  return withoutCredentials(url).replace(/\/+$/, "");
}

function modeOf(
  wanted: string | undefined,
  environment: Environment,
  files: ReadonlyMap<string, string>,
): WandbMode {
  const asked = wanted === undefined ? undefined : checkedMode(wanted);
  if (asked !== undefined && asked !== "online") return asked;
  if (/^(?:1|true|yes|on)$/i.test(given(environment, "WANDB_DISABLED") ?? "")) return "disabled";
  const found = checkedMode(given(environment, "WANDB_MODE") ?? files.get("mode") ?? "online");
  return found === "disabled" ? found : (asked ?? found);
}

function checkedMode(text: string): WandbMode {
  if (text === "online" || text === "offline" || text === "disabled") return text;
  // Older spellings that the official client still takes.
  if (text === "run" || text === "shared") return "online";
  if (text === "dryrun") return "offline";
  throw new WandbError(
    "refused",
    `WANDB_MODE must be online, offline or disabled, not ${JSON.stringify(text)}`,
  );
}

/** A variable of the environment; undefined if it is missing or blank. */
export function given(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim();
  return value === undefined || value === "" ? undefined : value;
}

function home(environment: Environment): string {
  return given(environment, "HOME") ?? homedir();
}
