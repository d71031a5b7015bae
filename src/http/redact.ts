/** What must not be printed. */

const HIDDEN = "[secret hidden]";
/** A shorter text is no secret: hiding it would hide words. */
const SHORTEST_SECRET = 6;
/** Of a text that was cut, the end may be the beginning of a secret; fewer characters of it tell nothing. */
const SHORTEST_PART = 4;

/**
 * Secrets, and how texts lose them: the secrets themselves, what is built from them (base64, hex, escapes of URLs),
 * `user:password@` of every URL, and the query of every URL, which may be a signature.
 */
export class Secrets {
  readonly #secrets: { readonly bytes: string; readonly label: string }[] = [];
  /** The secrets and what is built from each, the longest first, with what is printed instead. */
  readonly #forms: { readonly form: string; readonly label: string }[] = [];

  constructor(...secrets: readonly (string | undefined)[]) {
    for (const secret of secrets) if (secret !== undefined) this.add(secret);
  }

  /** Adds a secret; one that is too short to be one changes nothing. The label is printed instead. */
  add(secret: string, label = HIDDEN): void {
    if (secret.length < SHORTEST_SECRET) return;
    const bytes = Buffer.from(secret);
    this.#secrets.push({ bytes: bytes.toString("latin1"), label });
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      bytes.toString("hex"),
    ];
    this.#forms.push(...[...new Set(forms)].map((form) => ({ form, label })));
    this.#forms.sort((one, other) => other.form.length - one.form.length);
  }

  /**
   * A text without anything secret. It comes before any cutting: half a secret is not recognised.
   *
   * @param cut The text ends where a limit was reached, so that its end may be a part of a secret.
   */
  redact(text: string, cut = false): string {
    let clean = text
      .replace(/[A-Za-z0-9+/_-]{8,}={0,2}/g, (token) => this.#encoded(token) ?? token)
      .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi, "$1")
      .replace(/\b(https?:\/\/[^\s?#"'<>]*)\?[^\s"'<>]*/gi, "$1?…");
    for (const { form, label } of this.#forms) clean = clean.replaceAll(form, () => label);
    return cut ? this.#withoutPart(clean) : clean;
  }

  /** What stands for a token that is base64 of something with a secret in it; undefined for any other. */
  #encoded(token: string): string | undefined {
    if (this.#secrets.length === 0) return undefined;
    // What stands before it, such as a part of a path, may have moved the groups of four characters.
    for (const from of [0, 1, 2, 3]) {
      const decoded = Buffer.from(token.slice(from), "base64").toString("latin1");
      const found = this.#secrets.find(({ bytes }) => decoded.includes(bytes));
      if (found !== undefined) return found.label;
    }
    return undefined;
  }

  #withoutPart(text: string): string {
    for (const { form, label } of this.#forms) {
      for (let length = form.length - 1; length >= SHORTEST_PART; length -= 1)
        if (text.endsWith(form.slice(0, length))) return text.slice(0, text.length - length) + label;
    }
    return text;
  }
}

/** A URL as it may be printed and stored: without a user, a password, a query and a fragment. */
export function withoutCredentials(text: string): string {
  if (!URL.canParse(text)) return new Secrets().redact(text);
  const url = new URL(text);
  if (url.username === "" && url.password === "" && url.search === "" && url.hash === "") return text;
  [url.username, url.password, url.search, url.hash] = ["", "", "", ""];
  return url.href;
}
