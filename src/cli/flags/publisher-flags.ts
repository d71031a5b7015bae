/**
 * The publishers that `parse` has flags for, besides its files, charts and W&B. To add one, write it in
 * `src/publishers`, and add it to the flags and to the list here: its outputs, notes and errors are in every receipt.
 */
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { inputErrorText } from "../../pipeline/error-text.js";
import type { PublisherOpener } from "../../pipeline/parse-logs.js";
import type { PublisherMaker } from "../../publishers/publisher.js";
import { PublisherQueue } from "../../publishers/publisher-queue.js";
import type { FlagValues } from "../command-context.js";
import { Flags } from "./flag.js";

export const publisherFlags = {
  publisher: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    description: "a publisher of your own: a module that exports createPublisher; may be repeated",
    helpValue: "FILE",
  }),
  tensorboard: Flags.string({
    description: "write event files for TensorBoard, with a folder below DIR for each run",
    helpValue: "DIR",
    helpGroup: "CHARTS",
  }),
  "tensorboard-step": Flags.option({ options: ["updates", "sentences", "labels"] as const })({
    default: "updates",
    description: "what TensorBoard's axis counts",
    helpGroup: "CHARTS",
  }),
};

/** The values of {@link publisherFlags}. */
export type PublisherFlagValues = FlagValues<typeof publisherFlags>;

/** What a flag asks for. */
interface FlagPublisher {
  readonly flag: keyof PublisherFlagValues;
  /** Returns no openers if the flag is not given. */
  readonly make: (
    flags: PublisherFlagValues,
    refuse: (message: string) => never,
  ) => readonly PublisherOpener[] | Promise<readonly PublisherOpener[]>;
}

/** In the order in which a log's updates reach them. */
const PUBLISHERS: readonly FlagPublisher[] = [
  { flag: "tensorboard", make: tensorboard },
  { flag: "publisher", make: ownPublishers },
];

/** The flags that `parse --manifest` refuses: its runs go to publishers of the user's own only. */
export const NOT_WITH_MANIFEST = PUBLISHERS.map(({ flag }) => flag).filter((flag) => flag !== "publisher");

/** The publishers that the flags ask for; `refuse` ends the command with its message. */
export async function flagPublishers(
  flags: PublisherFlagValues,
  refuse: (message: string) => never,
): Promise<readonly PublisherOpener[]> {
  return (await Promise.all(PUBLISHERS.map(({ make }) => make(flags, refuse)))).flat();
}

async function tensorboard({
  tensorboard: folder,
  "tensorboard-step": step,
}: PublisherFlagValues): Promise<readonly PublisherOpener[]> {
  if (folder === undefined) return [];
  const [{ runFolders }, { TensorboardPublisher }] = await Promise.all([
    import("../../publishers/tensorboard/run-folders.js"),
    import("../../publishers/tensorboard/tensorboard-publisher.js"),
  ]);
  return [
    ({ name, live, names }) =>
      new TensorboardPublisher({
        folder: join(folder, runFolders(names).get(name) ?? ""),
        mode: live ? "live" : "whole",
        step,
      }),
  ];
}

/** Loads the publishers of the user's own; `refuse` ends the command with its message. */
export async function ownPublishers(
  { publisher: paths = [] }: Pick<PublisherFlagValues, "publisher">,
  refuse: (message: string) => never,
): Promise<readonly PublisherOpener[]> {
  const openers: PublisherOpener[] = [];
  for (const path of paths) {
    const { createPublisher } = (await import(pathToFileURL(resolve(path)).href).catch((error: unknown) =>
      refuse(`--publisher ${path}: it could not be loaded: ${inputErrorText(error)}`),
    )) as { createPublisher?: PublisherMaker };
    if (typeof createPublisher !== "function")
      return refuse(
        `--publisher ${path}: it must export a function createPublisher (docs/publishers.md has an example)`,
      );
    openers.push(
      async ({ live, evaluations }) => new PublisherQueue(await createPublisher(), live, evaluations),
    );
  }
  return openers;
}
