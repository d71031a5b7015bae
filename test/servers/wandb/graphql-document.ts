/** A value written in a GraphQL document: a constant, a list, an object, or the name of a variable. */
export type ValueNode =
  | { readonly kind: "constant"; readonly value: unknown }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "list"; readonly items: readonly ValueNode[] }
  | { readonly kind: "object"; readonly fields: Readonly<Record<string, ValueNode>> };

/** Arguments of a field or a directive. */
export type Arguments = Readonly<Record<string, ValueNode>>;

/** `@include` and `@skip` with their arguments; other directives are kept and ignored. */
export interface Directive {
  readonly name: string;
  readonly args: Arguments;
}

/** One entry of a selection set. */
export type Selection =
  | {
      readonly kind: "field";
      readonly key: string;
      readonly name: string;
      readonly args: Arguments;
      readonly directives: readonly Directive[];
      readonly selections: readonly Selection[];
    }
  | { readonly kind: "spread"; readonly name: string; readonly directives: readonly Directive[] }
  | {
      readonly kind: "inline";
      readonly type: string | undefined;
      readonly directives: readonly Directive[];
      readonly selections: readonly Selection[];
    };

/** A query or mutation. */
export interface Operation {
  readonly type: string;
  readonly name: string;
  readonly defaults: Arguments;
  readonly selections: readonly Selection[];
}

/** A parsed document: its operations in order, its fragments by name. */
export interface GraphqlDocument {
  readonly operations: readonly Operation[];
  readonly fragments: ReadonlyMap<
    string,
    { readonly type: string; readonly selections: readonly Selection[] }
  >;
}

const TOKEN =
  /[\s,\uFEFF]+|#[^\n]*|(\.\.\.)|([A-Za-z_][A-Za-z0-9_]*)|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|("""[\s\S]*?""")|("(?:[^"\\\n]|\\.)*")|([{}()[\]:!=$@|&])/gy;

interface Token {
  readonly kind: "punctuator" | "name" | "number" | "string" | "end";
  readonly text: string;
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (match === null)
      throw new Error(`Syntax Error: unexpected character at ${at}: ${source.slice(at, at + 20)}`);
    const [, spread, name, number, block, string, punctuator] = match;
    if (spread !== undefined || punctuator !== undefined) {
      tokens.push({ kind: "punctuator", text: spread ?? punctuator ?? "" });
    } else if (name !== undefined) tokens.push({ kind: "name", text: name });
    else if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (block !== undefined) tokens.push({ kind: "string", text: block.slice(3, -3) });
    else if (string !== undefined) tokens.push({ kind: "string", text: JSON.parse(string) as string });
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(source: string) {
    this.#tokens = tokenize(source);
  }

  document(): GraphqlDocument {
    const operations: Operation[] = [];
    const fragments = new Map<string, { type: string; selections: readonly Selection[] }>();
    while (this.#peek().kind !== "end") {
      if (this.#skip("fragment")) {
        const name = this.#name();
        this.#expect("on");
        const type = this.#name();
        this.#directives();
        fragments.set(name, { type, selections: this.#selections() });
      } else operations.push(this.#operation());
    }
    return { operations, fragments };
  }

  #operation(): Operation {
    if (this.#peek().text === "{") {
      return { type: "query", name: "", defaults: {}, selections: this.#selections() };
    }
    const type = this.#name();
    const name = this.#peek().kind === "name" ? this.#name() : "";
    const defaults: Record<string, ValueNode> = {};
    if (this.#skip("(")) {
      while (!this.#skip(")")) {
        this.#expect("$");
        const variable = this.#name();
        this.#expect(":");
        this.#type();
        if (this.#skip("=")) defaults[variable] = this.#value();
      }
    }
    this.#directives();
    return { type, name, defaults, selections: this.#selections() };
  }

  #type(): void {
    if (this.#skip("[")) {
      this.#type();
      this.#expect("]");
    } else this.#name();
    this.#skip("!");
  }

  #selections(): Selection[] {
    const selections: Selection[] = [];
    this.#expect("{");
    while (!this.#skip("}")) selections.push(this.#selection());
    return selections;
  }

  #selection(): Selection {
    if (this.#skip("...")) {
      const type = this.#skip("on") ? this.#name() : undefined;
      if (type === undefined && this.#peek().kind === "name") {
        return { kind: "spread", name: this.#name(), directives: this.#directives() };
      }
      return { kind: "inline", type, directives: this.#directives(), selections: this.#selections() };
    }
    const first = this.#name();
    const name = this.#skip(":") ? this.#name() : first;
    const args = this.#args();
    const directives = this.#directives();
    const selections = this.#peek().text === "{" ? this.#selections() : [];
    return { kind: "field", key: first, name, args, directives, selections };
  }

  #args(): Arguments {
    const args: Record<string, ValueNode> = {};
    if (!this.#skip("(")) return args;
    while (!this.#skip(")")) {
      const name = this.#name();
      this.#expect(":");
      args[name] = this.#value();
    }
    return args;
  }

  #directives(): Directive[] {
    const directives: Directive[] = [];
    while (this.#skip("@")) directives.push({ name: this.#name(), args: this.#args() });
    return directives;
  }

  #value(): ValueNode {
    const token = this.#next();
    if (token.text === "$" && token.kind === "punctuator") return { kind: "variable", name: this.#name() };
    if (token.text === "[" && token.kind === "punctuator") {
      const items: ValueNode[] = [];
      while (!this.#skip("]")) items.push(this.#value());
      return { kind: "list", items };
    }
    if (token.text === "{" && token.kind === "punctuator") {
      const fields: Record<string, ValueNode> = {};
      while (!this.#skip("}")) {
        const name = this.#name();
        this.#expect(":");
        fields[name] = this.#value();
      }
      return { kind: "object", fields };
    }
    if (token.kind === "number") return { kind: "constant", value: Number(token.text) };
    if (token.kind === "string") return { kind: "constant", value: token.text };
    if (token.kind !== "name") throw new Error(`Syntax Error: unexpected ${token.text}`);
    const words: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };
    return { kind: "constant", value: token.text in words ? words[token.text] : token.text };
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "" };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }

  #skip(text: string): boolean {
    const token = this.#peek();
    if (token.text !== text || token.kind === "string" || token.kind === "end") return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#skip(text)) throw new Error(`Syntax Error: expected ${text}, found ${this.#peek().text}`);
  }

  #name(): string {
    const token = this.#next();
    if (token.kind !== "name") throw new Error(`Syntax Error: expected a name, found ${token.text}`);
    return token.text;
  }
}

/** Parses a GraphQL document. Throws an Error that starts with "Syntax Error" when it is malformed. */
export function parseDocument(source: string): GraphqlDocument {
  return new Parser(source).document();
}
