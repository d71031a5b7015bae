/** Where a user's S3 is: the region and the endpoint, by the variables and files of AWS's own programs. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where requests go. */
export interface S3Settings {
  /** Of the buckets whose own region is not known yet. */
  readonly region: string;
  /** A server that is not AWS's; undefined for AWS. */
  readonly endpoint: string | undefined;
}

/** AWS's programs take it, too, for buckets of which they know nothing. */
const DEFAULT_REGION = "us-east-1";

export function s3Settings(environment: Environment): S3Settings {
  const value = (name: string) => environment[name]?.trim() || undefined;
  const profile = profileSettings(environment);
  const configured =
    value("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.toLowerCase() === "true"
      ? undefined
      : (value("AWS_ENDPOINT_URL_S3") ?? value("AWS_ENDPOINT_URL") ?? profile.endpoint);
  return {
    region: value("AWS_REGION") ?? value("AWS_DEFAULT_REGION") ?? profile.region ?? DEFAULT_REGION,
    endpoint: configured?.replace(/\/+$/, ""),
  };
}

/** The region and the endpoint of the profile; a file that can't be read has neither. */
function profileSettings(environment: Environment): {
  readonly [Key in keyof S3Settings]?: string | undefined;
} {
  const file = environment["AWS_CONFIG_FILE"] || join(homedir(), ".aws", "config");
  let text: string;
  try {
    text = readFileSync(file.replace(/^~(?=\/)/, homedir()), "utf8");
  } catch {
    return {};
  }
  const sections = readSections(text);
  const name = environment["AWS_PROFILE"] || "default";
  const profile = sections.get(`profile ${name}`) ?? (name === "default" ? sections.get(name) : undefined);
  const services = sections.get(`services ${profile?.get("services")}`);
  return {
    region: profile?.get("region"),
    endpoint: services?.get("s3.endpoint_url") ?? profile?.get("endpoint_url"),
  };
}

/** The settings of each section; what is indented below a setting has its name before its own. */
function readSections(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  let parent = "";
  for (const line of text.split(/\r?\n/)) {
    const [, title] = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line) ?? [];
    if (title !== undefined) {
      section = new Map();
      sections.set(title.replace(/\s+/, " ").replace(/"/g, ""), section);
      continue;
    }
    const [, indent = "", key = "", value = ""] = /^(\s*)([^\s#;=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === "") continue;
    section.set(indent === "" || parent === "" ? key : `${parent}.${key}`, value);
    if (indent === "") parent = value === "" ? key : "";
  }
  return sections;
}
