/** The table of faults: what is asked, how it is answered or not, for how long, in which command, with which signal. */
import { Dice } from "../live/training-log.js";
import { CONNECTION_FAULTS, faultsOf, type RequestKind } from "../servers/faults.js";
import type { Fault as TaskclusterFault } from "../servers/taskcluster/index.js";
import type { Fault as WandbFault } from "../servers/wandb/index.js";
import { SCENES, type Scene } from "./fault-scenes.js";

/** What is hit: a kind of request, or every connection to a service before there is a request. */
export type Target = RequestKind | "W&B" | "Taskcluster";

/** How long a fault lasts: the first request only, one to three after some that pass, or until it is healed. */
export type Span = "once" | "some" | "always";

/** What is sent to the command once the fault has hit. */
export type Signals = "none" | "SIGTERM" | "SIGINT twice";

/** A fault of one of the services, as its stand-in takes it, or the name of one of a connection. */
export type CaseFault =
  | { readonly service: "W&B"; readonly fault: WandbFault }
  | { readonly service: "Taskcluster"; readonly fault: TaskclusterFault }
  | { readonly service: "connection"; readonly name: string };

/** One case. Whatever else is drawn in it is drawn from its id. */
export interface FaultCase {
  readonly id: string;
  readonly scene: Scene;
  readonly target: Target;
  readonly name: string;
  readonly fault: CaseFault;
  readonly span: Span;
  readonly signals: Signals;
  /** Whether somebody has to wait for it for minutes: the tries of a question without an answer. */
  readonly patient: boolean;
}

interface Row {
  readonly name: string;
  readonly fault: CaseFault;
  readonly slow: boolean;
}

/** Everything that can be in the place of an answer to a kind of request. */
function rowsOf(target: Target): Row[] {
  if (target === "W&B" || target === "Taskcluster")
    return CONNECTION_FAULTS.map(({ name, slow = false }) => ({
      name,
      slow,
      fault: { service: "connection", name },
    }));
  const service = target === "api" || target === "content" ? "Taskcluster" : "W&B";
  const named = faultsOf(target)
    // Bytes that were put are there by the status alone: what is lost behind it nobody can know.
    .filter(({ verdict, verdicts }) => target !== "upload" || (verdicts?.upload ?? verdict) !== "taken")
    .map(
      ({ name, slow = false }): Row => ({ name, slow, fault: { service, fault: { kind: "named", name } } }),
    );
  return [...named, ...OWN_ROWS[target]];
}

const carriedOut: Row = {
  name: "carried out without an answer",
  slow: false,
  fault: { service: "W&B", fault: { kind: "drop-answer" } },
};
const late: Row = {
  name: "a late answer",
  slow: false,
  fault: { service: "W&B", fault: { kind: "slow", milliseconds: 1500 } },
};

function damaged(name: string, fault: TaskclusterFault, slow = false): Row {
  return { name, slow, fault: { service: "Taskcluster", fault } };
}

/** What a service of its kind alone can do. */
const OWN_ROWS: Readonly<Record<RequestKind, readonly Row[]>> = {
  graphql: [carriedOut, late],
  file_stream: [
    carriedOut,
    late,
    { name: "acknowledged and not kept", slow: false, fault: { service: "W&B", fault: { kind: "lie" } } },
  ],
  upload: [carriedOut, late],
  api: [],
  content: [
    damaged("half of it, as if it were the whole", { kind: "cut" }),
    damaged("half of it, then closed", { kind: "short" }),
    damaged("half of it, then silence", { kind: "stall" }, true),
    damaged("packed in another way than it says", { kind: "encoding", name: "br" }),
    damaged("a byte is another", { kind: "damage" }),
    damaged("nothing, as if it were the whole", { kind: "empty" }),
  ],
};

const SPANS: readonly Span[] = ["once", "some", "always"];

/** The whole table. */
export function faultCases(): FaultCase[] {
  return SCENES.flatMap((scene) =>
    scene.targets.flatMap((target) =>
      rowsOf(target).flatMap(({ name, fault, slow }) =>
        SPANS.flatMap((span) =>
          scene.signals.map((signals) => ({
            id: [scene.name, target, name, span, signals].map(slug).join("/"),
            scene,
            target,
            name,
            fault,
            span,
            signals,
            patient:
              (slow || span === "always") &&
              signals === "none" &&
              ["api", "content", "Taskcluster"].includes(target),
          })),
        ),
      ),
    ),
  );
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

/** So many cases, by a seed: each command and target in turn, and none twice. */
export function drawnCases(cases: readonly FaultCase[], seed: number, count: number): FaultCase[] {
  const dice = new Dice(seed);
  const groups = new Map<string, FaultCase[]>();
  for (const one of cases) {
    const name = `${one.scene.name} ${one.target}`;
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  const piles = [...groups.values()].map((pile) => shuffled(pile, dice));
  const drawn: FaultCase[] = [];
  const order = shuffled(piles, dice);
  for (let round = 0; drawn.length < count && order.some((pile) => pile.length > round); round += 1)
    drawn.push(...order.flatMap((pile) => pile[round] ?? []));
  return drawn.slice(0, count);
}

function shuffled<Item>(items: readonly Item[], dice: Dice): Item[] {
  const mixed = [...items];
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    const other = dice.below(at + 1);
    [mixed[at], mixed[other]] = [mixed[other] as Item, mixed[at] as Item];
  }
  return mixed;
}

/** Dice that fall for a case as they always do. */
export function diceOf(id: string): Dice {
  let hash = 0;
  for (const character of id) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return new Dice(hash);
}
