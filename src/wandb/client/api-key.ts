import { inspect } from "node:util";
import { processSecrets, Secrets } from "../../http/index.js";
import { WandbError } from "./errors.js";

const SHORTEST_KEY = 40;
const HIDDEN = "[API key hidden]";
const USER = "api";

/** A W&B API key that can be used but not printed. */
export class ApiKey {
  readonly #key: string;
  /** Where the key came from, for messages: "WANDB_API_KEY", a path. */
  readonly source: string;
  /** Hides the key, and what is built from it, in case a server or a library echoes it. */
  readonly secrets = new Secrets();

  /** Throws a WandbError when the text can't be a key (shorter than 40 characters, or with blanks). */
  constructor(key: string, source: string) {
    const trimmed = key.trim();
    if (trimmed.length < SHORTEST_KEY || /\s/.test(trimmed)) {
      throw new WandbError(
        "bad-key",
        `the W&B API key from ${source} can't be right: a key has at least ${SHORTEST_KEY} characters and no blanks, this one has ${trimmed.length}. Copy it again from your W&B user settings.`,
      );
    }
    this.#key = trimmed;
    this.source = source;
    for (const secret of [trimmed, this.#pair()])
      for (const secrets of [this.secrets, processSecrets]) secrets.add(secret, HIDDEN);
  }

  /** Value of the Authorization header. */
  authorization(): string {
    return `Basic ${this.#pair()}`;
  }

  #pair(): string {
    return Buffer.from(`${USER}:${this.#key}`).toString("base64");
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
