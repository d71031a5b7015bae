/** What a training's task talks to: Taskcluster, one of whose secrets holds the key of W&B. */
import { ownGroup, TaskclusterStandIn } from "./taskcluster/index.js";
import { StandInServer } from "./wandb/index.js";

export interface TaskServers {
  readonly wandb: StandInServer;
  readonly taskcluster: TaskclusterStandIn;
  close(): Promise<void>;
}

/** @param secret The name of the secret. */
export async function startTaskServers(secret: string): Promise<TaskServers> {
  const wandb = await StandInServer.start();
  const taskcluster = await TaskclusterStandIn.start({
    groups: [ownGroup("fjord")],
    secrets: { [secret]: { token: wandb.apiKey } },
  });
  const close = async () => {
    await wandb.close();
    await taskcluster.close();
  };
  return { wandb, taskcluster, close };
}
