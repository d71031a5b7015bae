/** Names that W&B takes, and those that it makes. */

import { crc32 } from "node:zlib";
import { WandbError } from "../errors.js";

const LONGEST_NAME = 128;
const LONGEST_TAG = 64;

/**
 * Throws a WandbError unless W&B takes this run id, and it is one name in a path: offline files are called by
 * it.
 */
export function checkRunId(id: string): void {
  if (id === "" || id !== id.trim() || id.length > LONGEST_NAME || /[:;,#?/'\\\p{Cc}]/u.test(id)) {
    throw new WandbError(
      "invalid-name",
      `${JSON.stringify(id)} can't be a W&B run id: it must have 1 to ${LONGEST_NAME} characters, no blank at either end and none of : ; , # ? / ' \\`,
    );
  }
}

/** Throws a WandbError unless W&B takes this project name. */
export function checkProject(project: string): void {
  if (!isPlainName(project) || /[#?%:]/.test(project)) {
    throw new WandbError(
      "invalid-name",
      `${JSON.stringify(project)} can't be a W&B project: it must have 1 to ${LONGEST_NAME} characters and none of / \\ # ? % :`,
    );
  }
}

/** Whether a name can be one part of an address: not `.`, not `..`, nothing with a slash or a control character. */
export function isPlainName(name: string): boolean {
  return name !== "" && name.length <= LONGEST_NAME && !/^\.{1,2}$|[/\\\p{Cc}]/u.test(name);
}

/** Throws a WandbError unless W&B takes every one of these tags. */
export function checkTags(tags: readonly string[]): void {
  for (const tag of tags) {
    if (tag === "" || tag.length > LONGEST_TAG) {
      throw new WandbError(
        "invalid-name",
        `${JSON.stringify(tag)} can't be a W&B tag: a tag has 1 to ${LONGEST_TAG} characters`,
      );
    }
  }
}

/** Throws a WandbError unless W&B takes this artifact name. */
export function checkArtifactName(name: string): void {
  if (name.length > LONGEST_NAME || !/^[A-Za-z0-9_.-]+$/.test(name)) {
    throw new WandbError(
      "invalid-name",
      `${JSON.stringify(name)} can't be a W&B artifact: it must have 1 to ${LONGEST_NAME} letters, digits, _ . or -`,
    );
  }
}

/**
 * Name of the artifact that keeps a run's table, as the official client makes it: characters that artifact names
 * can't have are left out, and a checksum of the whole name then keeps `a b` and `ab` apart.
 */
export function tableArtifactName(runId: string, key: string): string {
  const name = `run-${runId}-${key}`;
  const plain = name.replace(/[^A-Za-z0-9_.-]/g, "");
  if (plain === name && name.length <= LONGEST_NAME) return name;
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(name));
  const suffix = `-${checksum.toString("base64url")}`;
  return plain.slice(0, LONGEST_NAME - suffix.length) + suffix;
}

/** Address of a run's page. */
export function runUrl(uiUrl: string, entity: string, project: string, id: string): string {
  return `${uiUrl}/${encodeURIComponent(entity)}/${encodeURIComponent(project)}/runs/${encodeURIComponent(id)}`;
}

/** A name that W&B takes for an artifact, as near to the wanted one as can be. */
export function artifactNameOf(wanted: string): string {
  return wanted.replace(/[^A-Za-z0-9_.-]/g, "-").slice(0, LONGEST_NAME) || "-";
}
