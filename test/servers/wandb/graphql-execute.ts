import type {
  Arguments,
  Directive,
  GraphqlDocument,
  Operation,
  Selection,
  ValueNode,
} from "./graphql-document.js";

/** Values of a document's variables, as sent by the client. */
export type Variables = Readonly<Record<string, unknown>>;

/** An object of the graph: plain values, or functions of the field's arguments. `__typename` names its type. */
export type GraphNode = { readonly [field: string]: unknown };

/** Types that stand for more than one object type in fragments. */
const ABSTRACT_TYPES: Readonly<Record<string, readonly string[]>> = {
  ArtifactCollection: ["ArtifactSequence", "ArtifactPortfolio"],
};

/** Carries out one operation on a graph of plain objects. */
export class Execution {
  readonly #document: GraphqlDocument;
  readonly #operation: Operation;
  readonly #variables: Variables;
  /** `Type.field` of every field that was asked for and that the graph doesn't know (answered null). */
  readonly unknownFields = new Set<string>();

  constructor(document: GraphqlDocument, operationName: string | undefined, variables: Variables) {
    const operation =
      document.operations.find((candidate) => candidate.name === operationName) ?? document.operations[0];
    if (operation === undefined) throw new Error("Must provide an operation.");
    this.#document = document;
    this.#operation = operation;
    this.#variables = variables;
  }

  /** "query" or "mutation". */
  get type(): string {
    return this.#operation.type;
  }

  /** Name of the operation, empty for an anonymous one. */
  get name(): string {
    return this.#operation.name;
  }

  /** The `data` of the answer. */
  run(root: GraphNode): unknown {
    return this.#object(root, this.#operation.selections);
  }

  #object(node: GraphNode, selections: readonly Selection[]): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    this.#fill(result, node, selections);
    return result;
  }

  #fill(result: Record<string, unknown>, node: GraphNode, selections: readonly Selection[]): void {
    for (const selection of selections) {
      if (!this.#included(selection.directives)) continue;
      if (selection.kind === "field") {
        result[selection.key] = this.#field(node, selection);
      } else if (selection.kind === "inline") {
        if (applies(node, selection.type)) this.#fill(result, node, selection.selections);
      } else {
        const fragment = this.#document.fragments.get(selection.name);
        if (fragment === undefined) throw new Error(`Unknown fragment "${selection.name}".`);
        if (applies(node, fragment.type)) this.#fill(result, node, fragment.selections);
      }
    }
  }

  #field(node: GraphNode, field: Extract<Selection, { kind: "field" }>): unknown {
    if (!(field.name in node)) {
      if (field.name !== "__typename") this.unknownFields.add(`${String(node.__typename)}.${field.name}`);
      return null;
    }
    const value = node[field.name];
    return this.#shape(typeof value === "function" ? value(this.#args(field.args)) : value, field.selections);
  }

  #shape(value: unknown, selections: readonly Selection[]): unknown {
    if (value === null || value === undefined) return null;
    if (Array.isArray(value)) return value.map((item) => this.#shape(item, selections));
    if (selections.length === 0 || typeof value !== "object") return value;
    return this.#object(value as GraphNode, selections);
  }

  #included(directives: readonly Directive[]): boolean {
    return directives.every((directive) => {
      const condition = this.#args(directive.args).if;
      if (directive.name === "include") return condition === true;
      return directive.name !== "skip" || condition !== true;
    });
  }

  #args(args: Arguments): Record<string, unknown> {
    return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, this.#value(value)]));
  }

  #value(node: ValueNode): unknown {
    if (node.kind === "constant") return node.value;
    if (node.kind === "list") return node.items.map((item) => this.#value(item));
    if (node.kind === "object") return this.#args(node.fields);
    const given = this.#variables[node.name];
    if (given !== undefined) return given;
    const standard = this.#operation.defaults[node.name];
    return standard === undefined ? undefined : this.#value(standard);
  }
}

function applies(node: GraphNode, type: string | undefined): boolean {
  const name = node.__typename;
  if (type === undefined || typeof name !== "string" || name === type) return true;
  return ABSTRACT_TYPES[type]?.includes(name) ?? false;
}
