/** What configurations hold. */

/** A value of Marian's configuration. */
export type ConfigValue =
  | null
  | boolean
  | number
  | string
  | readonly ConfigValue[]
  | { readonly [key: string]: ConfigValue };

/** A configuration by key. */
export type MarianConfig = { readonly [key: string]: ConfigValue };
