import type { GraphNode } from "./graphql-execute.js";

/** A connection of nodes, cut to one page by `first` and `after`. Cursors are positions. */
export function page(nodes: readonly GraphNode[], args: Readonly<Record<string, unknown>>): GraphNode {
  const start = typeof args.after === "string" && args.after !== "" ? Number(args.after) : 0;
  const end = Math.min(nodes.length, start + Number(args.first ?? nodes.length));
  const edges = nodes
    .slice(start, end)
    .map((node, index) => ({ __typename: "Edge", node, cursor: String(start + index + 1) }));
  return {
    __typename: "Connection",
    edges,
    totalCount: nodes.length,
    pageInfo: {
      __typename: "PageInfo",
      endCursor: edges.at(-1)?.cursor ?? null,
      hasNextPage: end < nodes.length,
    },
  };
}
