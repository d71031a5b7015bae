// Prints the findings of `check --json` as GitHub's annotations: one line each, at the file and line of the log.
import { readFileSync } from "node:fs";

const COMMANDS = { error: "error", warning: "warning", info: "notice" };
const escaped = (text) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text) => escaped(String(text)).replaceAll(":", "%3A").replaceAll(",", "%2C");

function annotate(command, properties, words) {
  const list = Object.entries(properties).map(([name, value]) => `${name}=${property(value)}`);
  console.log(`::${command} ${list.join(",")}::${escaped(words)}`);
}

// A wrong flag leaves no findings.
const { inputs = [] } = JSON.parse(readFileSync(process.argv[2], "utf8") || "{}");
for (const { source, findings = [], error } of inputs) {
  for (const { kind, severity, line, words } of findings)
    annotate(COMMANDS[severity], { file: source, line, title: kind }, words);
  if (error !== undefined) annotate("error", { file: source }, `${source}: ${error}`);
}
