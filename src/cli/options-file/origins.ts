/** Where the value of each option comes from, for `doctor`. */
import { findOptionsFile, type OptionsFilePlace } from "./find.js";
import { hasOption, OPTION_KEYS } from "./keys.js";
import { type KnownCommand, type OptionValue, readOptionsFile, settingFor } from "./read.js";

/** The value of an option, the same for some commands. */
export interface OptionOrigin {
  readonly key: string;
  readonly value: OptionValue;
  readonly commands: readonly string[];
  /** The name of a variable of the environment, `file:line`, or `default`. */
  readonly from: string;
  readonly kind: "environment" | "file" | "default";
}

/** All options that have a value without being typed. A file that is wrong gives none: commands end with its error. */
export function optionOrigins(commands: readonly KnownCommand[], place: OptionsFilePlace): OptionOrigin[] {
  const found = findOptionsFile(place, () => {});
  const file = found.kind === "file" ? readOptionsFile(found.text, commands) : undefined;
  const settings = file?.kind === "settings" ? file.settings : [];
  const path = found.kind === "file" ? found.shown : "";
  const origins = new Map<string, OptionOrigin & { readonly commands: string[] }>();
  for (const [key, { variable = "" }] of Object.entries(OPTION_KEYS)) {
    for (const command of commands) {
      if (command.hidden || !hasOption(command, key)) continue;
      const setting = settingFor(settings, command, key);
      const set = place.environment[variable]?.trim();
      const standard = command.flags[key]?.default;
      const origin: Pick<OptionOrigin, "value" | "from" | "kind"> | undefined = set
        ? { value: set, from: variable, kind: "environment" }
        : setting !== undefined
          ? { value: setting.value, from: `${path}:${setting.line}`, kind: "file" }
          : standard !== undefined
            ? { value: standard as OptionValue, from: "default", kind: "default" }
            : undefined;
      if (origin === undefined) continue;
      const name = JSON.stringify([key, origin]);
      const same = origins.get(name);
      if (same === undefined) origins.set(name, { key, ...origin, commands: [command.id] });
      else same.commands.push(command.id);
    }
  }
  return [...origins.values()];
}

/** An origin in one line. */
export function originText({ key, value, commands, from }: OptionOrigin): string {
  return `${key} = ${[value].flat().join(", ")} (${from}) for ${commands.join(", ")}`;
}
