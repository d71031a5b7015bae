/** Why nothing can be read of a group: what its id is instead, and what to do. */
import { type GroupTask, hasCode, type Queue, TaskclusterError } from "./client/index.js";
import { stageOf } from "./group-task.js";
import { listTasks } from "./listed-group.js";

/**
 * Looks at what an id is whose group has no configuration.
 *
 * @param reason Why it has none.
 * @throws TaskclusterError when the queue can't be asked.
 */
export async function groupError(queue: Queue, groupId: string, reason: string): Promise<TaskclusterError> {
  const tasks = await found(listTasks(queue, groupId));
  const definition = await found(queue.task(groupId));
  if (tasks === undefined) {
    const { name } = definition?.metadata ?? { name: "unknown" };
    const group = definition?.taskGroupId ?? "";
    const what = `${groupId} is not a group but the task ${name} of group ${group}`;
    const publish = `\`marian-tracking group ${group}\` takes its group`;
    return new TaskclusterError(
      "no-group",
      definition !== undefined && isOurs({ task: definition })
        ? `${what}: ${publish}, \`marian-tracking task ${groupId}\` the task alone`
        : `${what}: ${publish}`,
    );
  }
  const ours = tasks.filter(isOurs);
  if (ours.length > 0) {
    const [first] = ours;
    return new TaskclusterError(
      "no-configuration",
      `group ${groupId}: ${reason}. Its project and its runs have no names: \`marian-tracking ls ${groupId}\` lists its ${ours.length} trainings and evaluations, \`marian-tracking task ${first?.status.taskId}\` publishes one`,
    );
  }
  const origin = definition === undefined ? "" : ` (${definition.metadata.name})`;
  const started = tasks.filter(isTrainAction).map(({ status }) => status.taskId);
  const next =
    started.length === 0
      ? `name the group that its action "train" has started`
      : `its action "train" has started ${started.map((id) => `\`marian-tracking group ${id}\``).join(", ")}`;
  return new TaskclusterError(
    "no-trainings",
    `group ${groupId}${origin} holds no training and no evaluation: ${next}`,
  );
}

function isOurs(task: Pick<GroupTask, "task">): boolean {
  return stageOf(task) !== undefined;
}

/** The id of a group of trainings is that of the action's task. */
function isTrainAction({ task }: GroupTask): boolean {
  return task.tags.kind === "action-callback" && /\btrain\b/i.test(task.metadata.name);
}

async function found<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (hasCode(error, "not-found")) return undefined;
    throw error;
  }
}
