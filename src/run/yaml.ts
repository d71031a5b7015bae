/** YAML 1.1 as PyYAML reads it. Loaded when the first configuration comes: a short log or a page may never need it. */
import {
  type CollectionTag,
  Composer,
  type CST,
  type Document,
  type DocumentOptions,
  isAlias,
  isCollection,
  isPair,
  isScalar,
  Lexer,
  type ParseOptions,
  Parser,
  type ScalarTag,
  type SchemaOptions,
  stringify,
  type Tags,
} from "yaml";

/** What a configuration may cost; Marian's have some 300 values, three levels deep. */
const LIMITS = {
  /** Levels of lists and maps, those that aliases put in included. */
  depth: 100,
  /** Values and keys, those that aliases repeat included. */
  nodes: 20_000,
  /** Bytes of the text, and of all its values together, those that aliases repeat included. */
  bytes: 1 << 20,
  /** Anchors and aliases; each is looked up among the others. */
  references: 1000,
} as const;

/** A YAML text as plain data without cycles, or what is wrong with it, to go after its name: `is no YAML`. */
export type ReadYaml =
  | { readonly value: unknown }
  /** `isTooLarge`: it may be YAML, but costs more than a configuration may. */
  | { readonly fault: string; readonly isTooLarge: boolean };

/**
 * How PyYAML, with which the field reads Marian's files, tells scalars apart where the `yaml` package differs:
 * `1e-09` has no point and is text, `08` is not an octal number and is text, `y` is text. By tag and format.
 */
const SCALARS: Readonly<Record<string, RegExp>> = {
  "bool true": /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/,
  "bool false": /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/,
  int: /^[-+]?(?:0|[1-9][0-9_]*)$/,
  "int TIME": /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$/,
  float: /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)$/,
  "float EXP": /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)[eE][-+][0-9]+$/,
};

const OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  version: "1.1",
  schema: "yaml-1.1",
  // Of a key that is given twice, the last counts, as for PyYAML.
  uniqueKeys: false,
  logLevel: "error",
  customTags: (tags): Tags =>
    tags.flatMap((tag): Tags => (typeof tag === "string" ? [tag] : likePython(tag))),
};

/** A number such as `1e-9`, which without a point would be read as text. */
const POINTLESS: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  identify: (value) => typeof value === "number" && /^-?\d+e/.test(String(value)),
  // For writing only.
  test: /$^/,
  resolve: Number,
  stringify: ({ value }) => String(value).replace("e", ".0e"),
};

/** The value of a YAML text. Never throws for what the text says. */
export function readYaml(text: string): ReadYaml {
  try {
    const document = compose(text);
    if (document === undefined) return { value: null };
    new Scale().weigh(document.contents);
    return { value: document.toJS({ maxAliasCount: -1 }) };
  } catch (error) {
    // The package also throws for text that looks like YAML and makes no sense.
    const isTooLarge = error instanceof Error && error.cause === TOO_LARGE;
    return { fault: isTooLarge ? error.message : NO_YAML, isTooLarge };
  }
}

/** The cause of an error of ours: the text exceeds a limit. */
const TOO_LARGE = "too-large";

function tooLarge(message: string): Error {
  return new Error(message, { cause: TOO_LARGE });
}

const NO_YAML = "is no YAML";

/** The one document of a text, which is weighed before anything recursive sees it. */
function compose(text: string): Document.Parsed | undefined {
  if (text.length > LIMITS.bytes) throw tooLarge(`is longer than ${LIMITS.bytes / 1024} KiB`);
  const [document, ...others] = new Composer(OPTIONS).compose(parsed(text), true, text.length);
  if (document === undefined) return undefined;
  if (document.errors.length > 0 || others.length > 0) throw new Error(NO_YAML);
  return document as Document.Parsed;
}

/** The parts of a text; the lexer alone works without recursion. */
function* parsed(text: string): Generator<CST.Token> {
  const parser = new Parser();
  const depth = new LexedDepth();
  let values = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (depth.after(lexeme) > LIMITS.depth) throw tooLarge(TOO_DEEP);
    if (VALUES.has(lexeme) || VALUE_STARTS.has(lexeme.charAt(0))) values += 1;
    if (values > LIMITS.nodes) throw tooLarge(TOO_MANY);
    yield* parser.next(lexeme);
  }
  yield* parser.end();
}

/**
 * Lexemes that become a value or a key: a scalar's sign, brackets, an item's dash. The package's own names of lexemes are
 * not used: they would bring its printer of syntax trees into pages.
 */
const VALUES: ReadonlySet<string> = new Set(["\x1f", "{", "[", "-"]);
/** Aliases and quoted scalars. */
const VALUE_STARTS: ReadonlySet<string> = new Set(["*", "'", '"']);

const TOO_DEEP = `is nested deeper than ${LIMITS.depth} levels`;
const TOO_MANY = `holds more than ${LIMITS.nodes.toLocaleString("en-US")} values`;

/** How deep a place of a text is nested, as a bound: by open brackets, and by columns in which lists and maps began. */
class LexedDepth {
  readonly #columns: number[] = [];
  #flow = 0;
  #column = 0;
  /** Where the text after a line's start or the last mark began. */
  #content: number | undefined;

  after(lexeme: string): number {
    if (["", "\n", "\r\n"].includes(lexeme)) {
      this.#column = 0;
      this.#content = undefined;
      return this.#depth;
    }
    if (!/^[ \t]/.test(lexeme)) this.#content ??= this.#column;
    if (lexeme === "{" || lexeme === "[") this.#flow += 1;
    else if (lexeme === "}" || lexeme === "]") this.#flow = Math.max(0, this.#flow - 1);
    else if (lexeme === "-" || lexeme === "?") this.#mark(this.#column);
    else if (lexeme === ":") this.#mark(this.#content ?? this.#column);
    const end = lexeme.lastIndexOf("\n");
    this.#column = end < 0 ? this.#column + lexeme.length : lexeme.length - end - 1;
    return this.#depth;
  }

  get #depth(): number {
    return this.#flow + this.#columns.length;
  }

  #mark(column: number): void {
    if (this.#flow > 0) return;
    while ((this.#columns.at(-1) ?? -1) >= column) this.#columns.pop();
    this.#columns.push(column);
    this.#content = undefined;
  }
}

interface Weight {
  depth: number;
  nodes: number;
  bytes: number;
}

/** Weighs the tree that a document stands for, without making it: each node once, in the order of the text. */
class Scale {
  readonly #anchors = new Map<string, unknown>();
  readonly #known = new Map<unknown, Weight | undefined>();
  #references = 0;

  weigh(node: unknown): Weight {
    const weight = this.#weigh(node);
    if (weight.depth > LIMITS.depth) throw tooLarge(TOO_DEEP);
    if (weight.nodes > LIMITS.nodes) throw tooLarge(TOO_MANY);
    if (weight.bytes > LIMITS.bytes)
      throw tooLarge(`comes to more than ${LIMITS.bytes / 1024} KiB with what its aliases repeat`);
    return weight;
  }

  #weigh(node: unknown): Weight {
    if (isAlias(node)) {
      this.#refer();
      if (!this.#anchors.has(node.source)) throw new Error(NO_YAML);
      const known = this.#known.get(this.#anchors.get(node.source));
      if (known === undefined) throw tooLarge("has a value that contains itself");
      return known;
    }
    if (isPair(node)) return this.#sum([node.key, node.value]);
    if (!isScalar(node) && !isCollection(node)) return { depth: 0, nodes: 1, bytes: 0 };
    if (node.anchor !== undefined) {
      this.#refer();
      this.#anchors.set(node.anchor, node);
    }
    if (isScalar(node)) {
      const bytes = typeof node.value === "string" ? node.value.length : 0;
      return this.#keep(node, { depth: 0, nodes: 1, bytes });
    }
    const weight = this.#sum(node.items);
    return this.#keep(node, { depth: weight.depth + 1, nodes: weight.nodes + 1, bytes: weight.bytes });
  }

  #sum(nodes: readonly unknown[]): Weight {
    const sum = { depth: 0, nodes: 0, bytes: 0 };
    for (const node of nodes) {
      const { depth, nodes: count, bytes } = this.weigh(node);
      sum.depth = Math.max(sum.depth, depth);
      sum.nodes += count;
      sum.bytes += bytes;
    }
    return sum;
  }

  #keep(node: unknown, weight: Weight): Weight {
    this.#known.set(node, weight);
    return weight;
  }

  #refer(): void {
    this.#references += 1;
    if (this.#references > LIMITS.references)
      throw tooLarge(`has more than ${LIMITS.references} anchors and aliases`);
  }
}

/** Plain data as a YAML text that says the same to PyYAML. */
export function writeYaml(value: unknown): string {
  return stringify(value, { version: "1.1", customTags: (tags): Tags => [POINTLESS, ...tags] });
}

function likePython(tag: ScalarTag | CollectionTag): (ScalarTag | CollectionTag)[] {
  const name = tag.tag.replace("tag:yaml.org,2002:", "");
  // Dates stay text; the others never occur in a configuration.
  if (["timestamp", "binary", "omap", "pairs", "set"].includes(name)) return [];
  if (!("test" in tag) || tag.test === undefined) return [tag];
  let key = tag.format === undefined ? name : `${name} ${tag.format}`;
  if (name === "bool") key = tag.test.test("true") ? "bool true" : "bool false";
  // Infinity and NaN are a tag of their own among the floats.
  const test = key === "float" && tag.test.test(".nan") ? undefined : SCALARS[key];
  if (test === undefined) return [tag];
  if (key !== "int") return [{ ...tag, test }];
  const resolve: ScalarTag["resolve"] = (text) => {
    const value = Number(text.replaceAll("_", ""));
    return Number.isSafeInteger(value) ? value : text;
  };
  return [{ ...tag, test, resolve }];
}
