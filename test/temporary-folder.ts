import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const PREFIX = "marian-tracking-test-";

/**
 * Gives the whole test run one temporary folder and removes it at the end, so that whatever a test or a program
 * killed by a test leaves there goes with it. The workers inherit TMPDIR, and so does every process they start.
 */
export function setup(): () => void {
  // Each of vitest's projects calls this. A folder in a folder would be too long a path for Chromium's socket.
  if (basename(tmpdir()).startsWith(PREFIX)) return () => {};
  const folder = mkdtempSync(join(realpathSync(tmpdir()), PREFIX));
  // Some tests read a folder as another user.
  chmodSync(folder, 0o1777);
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
