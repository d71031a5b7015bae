/** Loads the framework, without the listener by which it would end the process with a stack trace if standard output fails. */
export async function loadFramework(): Promise<typeof import("./framework.js")> {
  const before = process.stdout.listeners("error");
  const framework = await import("./framework.js");
  for (const listener of process.stdout.listeners("error"))
    if (!before.includes(listener)) process.stdout.off("error", listener as () => void);
  return framework;
}
