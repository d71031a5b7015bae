/** Runs commands against a stand-in of Taskcluster. */
import { afterEach, expect } from "vitest";
import { ownGroup, type StandInOptions, TaskclusterStandIn } from "../servers/taskcluster/index.js";
import { freshFolder, type Run, type RunOptions } from "./run-binary.js";
import { runHere } from "./run-here.js";

const servers: TaskclusterStandIn[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    await server.close();
    expect(server.violations).toEqual([]);
  }
});

/** A stand-in with the groups of `fixtures/taskcluster`, and how commands find it. */
export interface Setting {
  readonly server: TaskclusterStandIn;
  readonly options: RunOptions & { readonly folder: string; readonly env: Readonly<Record<string, string>> };
  /** Runs a command to its end. */
  run(...args: readonly string[]): Promise<Run>;
}

/** Starts a stand-in; it ends after the test. */
export async function setting(options: StandInOptions = {}): Promise<Setting> {
  const groups = (["fjord", "coast", "brook", "push"] as const).map(ownGroup);
  const server = await TaskclusterStandIn.start({ groups, ...options });
  servers.push(server);
  const folder = freshFolder();
  const env = {
    TASKCLUSTER_ROOT_URL: server.url,
    XDG_CACHE_HOME: `${folder}/cache`,
    NO_PROXY: "127.0.0.1",
    no_proxy: "127.0.0.1",
  };
  const runOptions = { folder, env };
  return { server, options: runOptions, run: (...args) => runHere("run", args, runOptions) };
}
