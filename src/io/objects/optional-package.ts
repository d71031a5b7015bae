/** Packages that only those need who read or write private buckets. */

/**
 * Loads a package that may not be installed.
 *
 * @returns undefined if it is not.
 */
export async function optionalPackage<Exports>(name: string): Promise<Exports | undefined> {
  try {
    return (await import(name)) as Exports;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Says how packages are installed that are missing. */
export function installText(names: readonly string[]): string {
  return `run \`npm install ${names.join(" ")}\` where marian-tracking is installed (with -g if it is global)`;
}
