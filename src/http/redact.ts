/** What must not be printed. */
import { isObject, readJson } from "../json.js";

const HIDDEN = "[secret hidden]";
/** A shorter text is no secret: hiding it would hide words. */
const SHORTEST_SECRET = 6;
/** Of a text that was cut, the end may be the beginning of a secret; fewer characters of it tell nothing. */
const SHORTEST_PART = 4;
/** So many characters of a longer secret in a row are hidden wherever they stand: others cut texts too. */
const FRAGMENT = 8;
const MIN_FRAGMENTED = 16;
/** A text in which something may be encoded: base64, escapes of URLs, of JSON and of HTML. */
const TOKEN = /[^\s"'<>]{8,}/g;
const BASE64 = /[A-Za-z0-9+/_-]{11,}={0,2}/g;
/** A longer text is not unpacked, which would take its time: a server says less, and a receipt holds no such thing. */
const LONGEST_UNPACKED = 256 * 1024;
/** How often something is unpacked that was encoded several times. */
const MAX_LAYERS = 3;

/**
 * Secrets, and how texts lose them: the secrets themselves, in either case, fragments of eight characters, what is
 * built from them (base64, hex, escapes of URLs, JSON and HTML), `user:password@` of every URL, and the query of every
 * URL, which may be a signature.
 */
export class Secrets {
  /** The secrets and what is built from each, the longest first, with what is printed instead. */
  readonly #forms: { readonly form: string; readonly label: string }[] = [];
  /** Fragments of the long ones, in lower case. */
  readonly #fragments = new Map<string, string>();

  constructor(...secrets: readonly (string | undefined)[]) {
    for (const secret of secrets) if (secret !== undefined) this.add(secret);
  }

  /** Adds a secret; one that is too short to be one changes nothing. The label is printed instead. */
  add(secret: string, label = HIDDEN): void {
    if (secret.length < SHORTEST_SECRET || this.#forms.some(({ form }) => form === secret)) return;
    const bytes = Buffer.from(secret);
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      bytes.toString("hex"),
    ];
    this.#forms.push(...[...new Set(forms)].map((form) => ({ form, label })));
    this.#forms.sort((one, other) => other.form.length - one.form.length);
    if (secret.length < MIN_FRAGMENTED) return;
    // What stands before a secret moves the groups of base64, and changes its first and last characters.
    const built = [0, 1, 2].map((before) =>
      Buffer.concat([Buffer.alloc(before), bytes])
        .toString("base64")
        .replace(/=+$/, "")
        .slice(before === 0 ? 0 : before + 1, -1),
    );
    for (const form of [secret, bytes.toString("hex"), ...built]) {
      const small = form.toLowerCase();
      // A backslash or a quotation mark that is hidden alone would break a JSON text.
      for (let at = 0; at + FRAGMENT <= small.length; at += 1) {
        const fragment = small.slice(at, at + FRAGMENT);
        if (!/[\\"]/.test(fragment)) this.#fragments.set(fragment, label);
      }
    }
  }

  /**
   * A text without anything secret. Redact before cutting: a part shorter than a fragment is not recognised.
   *
   * @param cut The text ends where a limit was reached, so that its end may be a part of a secret.
   */
  redact(text: string, cut = false): string {
    const clean = this.hide(
      text
        .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi, "$1")
        .replace(/\b(https?:\/\/[^\s?#"'<>]*)\?[^\s"'<>]*/gi, "$1?…"),
    );
    return cut ? this.#withoutPart(clean) : clean;
  }

  /** A text without the secrets and what is built from them; URLs stay as they are. */
  hide(text: string): string {
    if (this.#forms.length === 0) return text;
    let clean = text;
    const short = text.length <= LONGEST_UNPACKED;
    if (short && /%[0-9a-f]{2}|\\u00|&#/i.test(clean))
      clean = clean.replace(TOKEN, (token) => this.#labelOf(decoded(token), token) ?? token);
    if (short) clean = clean.replace(BASE64, (token) => this.#encoded(token) ?? token);
    for (const { form, label } of this.#forms) clean = clean.replaceAll(form, () => label);
    return this.#withoutFragments(clean);
  }

  /** What stands for a token that is base64 of something with a secret in it; undefined for any other. */
  #encoded(token: string, layers = MAX_LAYERS): string | undefined {
    // What stands before it, such as a part of a path, may have moved the groups of four characters.
    for (const from of [0, 1, 2, 3]) {
      const inner = Buffer.from(token.slice(from), "base64").toString("latin1");
      const label = this.#labelOf(inner) ?? (layers > 1 ? this.#encodedIn(inner, layers - 1) : undefined);
      if (label !== undefined) return label;
    }
    return undefined;
  }

  #encodedIn(text: string, layers: number): string | undefined {
    for (const [token] of text.matchAll(BASE64)) {
      const label = this.#encoded(token, layers);
      if (label !== undefined) return label;
    }
    return undefined;
  }

  /** The label of a secret in the text, whole or as a fragment; undefined if it is `same`, or the text is clean. */
  #labelOf(text: string, same?: string): string | undefined {
    if (text === same) return undefined;
    const found = this.#forms.find(({ form }) => text.includes(form));
    if (found !== undefined) return found.label;
    const small = text.toLowerCase();
    for (let at = 0; this.#fragments.size > 0 && at + FRAGMENT <= small.length; at += 1) {
      const label = this.#fragments.get(small.slice(at, at + FRAGMENT));
      if (label !== undefined) return label;
    }
    return undefined;
  }

  /** Hides runs of characters whose fragments all belong to a secret. */
  #withoutFragments(text: string): string {
    if (this.#fragments.size === 0) return text;
    const small = text.toLowerCase();
    // Letters that change their number with their case would move what follows.
    if (small.length !== text.length) return text;
    let clean = "";
    let kept = 0;
    for (let at = 0; at + FRAGMENT <= small.length; at += 1) {
      const label = this.#fragments.get(small.slice(at, at + FRAGMENT));
      if (label === undefined) continue;
      let end = at + 1;
      while (this.#fragments.has(small.slice(end, end + FRAGMENT))) end += 1;
      clean += text.slice(kept, at) + label;
      kept = end + FRAGMENT - 1;
      at = kept - 1;
    }
    return clean + text.slice(kept);
  }

  #withoutPart(text: string): string {
    for (const { form, label } of this.#forms) {
      for (let length = form.length - 1; length >= SHORTEST_PART; length -= 1)
        if (text.endsWith(form.slice(0, length))) return text.slice(0, text.length - length) + label;
    }
    return text;
  }
}

/** A text whose escapes of URLs, of JSON and of HTML are what they stand for. */
function decoded(text: string): string {
  return text
    .replace(/&#(?:x([0-9a-f]{1,6})|([0-9]{1,7}));?/gi, (_, hex = "", number = "") =>
      character(hex === "" ? Number(number) : Number.parseInt(hex, 16)),
    )
    .replace(/(?:\\u([0-9a-f]{4})|%([0-9a-f]{2}))/gi, (_, long = "", short = "") =>
      character(Number.parseInt(long || short, 16)),
    );
}

function character(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : "";
}

/**
 * What is secret of a certificate of temporary credentials: not its names of scopes and artifacts, fragments of which
 * stand in every receipt. All of a text that is no certificate.
 */
export function certificateSecrets(text: string): string[] {
  const certificate = readJson(text);
  if (!isObject(certificate)) return [text];
  return [certificate.seed, certificate.signature].filter((value) => typeof value === "string");
}

/**
 * The secrets of this process: those that its environment holds, and keys that were read. What is printed is without
 * them, wherever it comes from.
 */
export const processSecrets = new Secrets(
  ...["WANDB_API_KEY", "TASKCLUSTER_ACCESS_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].map((name) =>
    process.env[name]?.trim(),
  ),
  ...certificateSecrets(process.env.TASKCLUSTER_CERTIFICATE?.trim() ?? ""),
);

/** A URL as it may be printed and stored: without a user, a password, a query and a fragment. */
export function withoutCredentials(text: string): string {
  if (!URL.canParse(text)) return new Secrets().redact(text);
  const url = new URL(text);
  if (url.username === "" && url.password === "" && url.search === "" && url.hash === "") return text;
  [url.username, url.password, url.search, url.hash] = ["", "", "", ""];
  return url.href;
}

/** Names of flags whose value nobody else may read. */
const SECRET_FLAG = /^--?[\w-]*(?:api-?key|token|secret|password|passwd|credential)[\w-]*$/i;

/** Arguments without keys, and without the user and the query of addresses. */
export function publicArguments(args: readonly string[]): string[] {
  return args.map((arg, at) => {
    const [, name = "", value] = /^(--?[\w-]+)=(.*)$/s.exec(arg) ?? [];
    // The name of a file or of a secret of Taskcluster is none, but a key may be given by mistake.
    if (value !== undefined && SECRET_FLAG.test(name)) return `${name}=***`;
    if (!arg.startsWith("-") && SECRET_FLAG.test(args[at - 1] ?? "")) return "***";
    return processSecrets.redact(arg);
  });
}
