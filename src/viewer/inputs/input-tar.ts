/** Opens a tar that the user dropped. */
import { refuseTar } from "../../io/packed/tar-header.js";
import { tarMembers } from "../../io/packed/tar-members.js";
import { webChunks } from "../../io/web-chunks.js";
import { kindOfName } from "../../report/run-names.js";
import type { WorkerMember } from "./worker-messages.js";

/** The files of a tar that are called like logs or evaluations, and what was wrong with it. */
export interface InputTar {
  readonly members: readonly WorkerMember[];
  readonly problem?: string;
}

/** Reads a tar, packed or not; undefined where the file is none. */
export async function inputTar(file: Blob, signal: AbortSignal): Promise<InputTar | undefined> {
  if (!(await isTar(file))) return undefined;
  const members: WorkerMember[] = [];
  try {
    for await (const { name, parts } of tarMembers(webChunks(file, signal), isWanted)) {
      members.push({ name, content: new Blob([...parts]) });
      if (signal.aborted) break;
    }
  } catch (error) {
    return { members, problem: error instanceof Error ? error.message : String(error) };
  }
  return members.length > 0 ? { members } : { members, problem: "the tar holds no log and no evaluation" };
}

async function isTar(file: Blob): Promise<boolean> {
  try {
    for await (const _chunk of refuseTar(webChunks(file))) return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "tar";
  }
  return false;
}

function isWanted(name: string): boolean {
  return kindOfName(name) !== undefined;
}
