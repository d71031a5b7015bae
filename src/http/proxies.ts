/** Which proxy the environment names for a server: `https_proxy`, `http_proxy`, `no_proxy`, in either case. */

/** Variables of the environment, as in process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy for a URL; undefined where the server is reached without one. Throws a TypeError where it is no URL. */
export function proxyFor(url: URL, environment: Environment): URL | undefined {
  const variable = (name: string) => environment[name] || environment[name.toUpperCase()] || undefined;
  // Who names one proxy alone means all of the network.
  const secure = url.protocol === "https:" ? variable("https_proxy") : undefined;
  const proxy = secure ?? variable("http_proxy");
  if (proxy === undefined || isExcepted(url, variable("no_proxy") ?? "")) return undefined;
  return new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`);
}

function isExcepted(url: URL, exceptions: string): boolean {
  const host = url.hostname.toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return exceptions
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === "*") return true;
      const [, name = "", only] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      if (name === "" || (only !== undefined && only !== port)) return false;
      return host === name || host.endsWith(`.${name}`);
    });
}
