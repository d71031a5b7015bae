/** Exit codes in automation. */
import { EXIT } from "../exit-code.js";

/**
 * The exit code of `parse_tc_logs`. In automation a fault of the publication must not look like one of the training;
 * in a trial run it is to show.
 *
 * @param trial Whether the task's group is known to be none that an action has started.
 */
export function automationCode(
  code: number,
  environment: Readonly<Record<string, string | undefined>>,
  trial: boolean,
): number {
  if (!environment["MOZ_AUTOMATION"] || code === EXIT.ok) return code;
  return trial ? EXIT.input : EXIT.ok;
}
