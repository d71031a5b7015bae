/** Makes the definitions of flags and arguments as the framework takes them, without loading it. */
import type { Args as FrameworkArgs, Flags as FrameworkFlags } from "@oclif/core";

type Definition = Readonly<Record<string, unknown>>;

const asGiven = async (value: unknown) => value;

/** The definition of an option: `standard` holds for all of a kind, `own` for one of them. */
function option(standard: Definition = {}) {
  return (own: Definition = {}): Definition => ({
    parse: asGiven,
    ...standard,
    ...own,
    input: [],
    multiple: Boolean(own["multiple"] ?? standard["multiple"]),
    type: "option",
  });
}

async function integer(
  input: string,
  _: unknown,
  { min, max }: { readonly min?: number; readonly max?: number },
) {
  if (!/^-?\d+$/.test(input)) throw new Error(`Expected an integer but received: ${input}`);
  const number = Number.parseInt(input, 10);
  if (min !== undefined && number < min)
    throw new Error(`Expected an integer greater than or equal to ${min} but received: ${input}`);
  if (max !== undefined && number > max)
    throw new Error(`Expected an integer less than or equal to ${max} but received: ${input}`);
  return number;
}

const flags = {
  boolean: (own: Definition = {}): Definition => ({
    parse: asGiven,
    ...own,
    allowNo: Boolean(own["allowNo"]),
    type: "boolean",
  }),
  custom: option,
  integer: option({ parse: integer }),
  option,
  string: option(),
};

/** Makes the definitions of flags. */
export const Flags = flags as unknown as Pick<typeof FrameworkFlags, keyof typeof flags>;

const args = {
  string: (own: Definition = {}): Definition => ({ parse: asGiven, ...own, input: [], type: "option" }),
};

/** Makes the definitions of arguments. */
export const Args = args as unknown as Pick<typeof FrameworkArgs, keyof typeof args>;
