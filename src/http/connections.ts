/** Connections: each phase before a request can be sent has a deadline, and each try makes one of them. */
import { request as httpRequest } from "node:http";
import { isIP, connect as openSocket, type Socket } from "node:net";
import { connect as openTls } from "node:tls";
import { Agent, type buildConnector, type Dispatcher } from "undici";
import type { Clock } from "./clock.js";
import { inSeconds, within } from "./deadline.js";
import { HttpError } from "./http-error.js";

export type { Dispatcher };

const PHASE_MS = 10_000;

/** The connections of a client: to servers themselves, or through the proxies of the environment. */
export class Connections {
  readonly dispatcher: Dispatcher;
  readonly #clock: Clock;
  readonly #environment: Environment;
  /** Those that are not made yet: nobody else knows of them. */
  readonly #pending = new Set<Socket>();

  constructor(clock: Clock, environment: Environment = process.env) {
    this.#clock = clock;
    this.#environment = environment;
    this.dispatcher = new Agent({
      connect: (options, callback) => {
        this.#connect(options).then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
      // The client has deadlines of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Ends all connections, also those that are being made. Requests that are under way fail. */
  async close(): Promise<void> {
    for (const socket of this.#pending) socket.destroy();
    await this.dispatcher.destroy();
  }

  async #connect({ protocol, hostname, port, servername }: buildConnector.Options): Promise<Socket> {
    const url = new URL(`${protocol}//${hostname}:${port || (protocol === "https:" ? 443 : 80)}`);
    const host = plainHost(url);
    const number = portOf(url);
    const proxy = this.#proxyFor(url);
    const socket =
      proxy === undefined ? await this.#open(host, number) : await this.#tunnel(proxy, url, number);
    const ready = protocol === "https:" ? await this.#secure(socket, host, servername ?? undefined) : socket;
    survivePause(ready);
    ready.setNoDelay(true);
    ready.setKeepAlive(true, 60_000);
    return ready;
  }

  #proxyFor(url: URL): URL | undefined {
    let proxy: URL | undefined;
    try {
      proxy = proxyFor(url, this.#environment);
    } catch {
      throw new HttpError(
        "proxy",
        "the proxy that the environment names has no address: set HTTPS_PROXY to http://host:port",
      );
    }
    if (proxy !== undefined && !/^https?:$/.test(proxy.protocol))
      throw new HttpError(
        "proxy",
        `the proxy that the environment names is one for ${proxy.protocol.slice(0, -1)}: only those for http and https are used`,
      );
    return proxy;
  }

  /** A connection of TCP. */
  async #open(host: string, port: number): Promise<Socket> {
    const socket = openSocket({ host, port });
    await this.#phase(socket, async (phase) => {
      if (isIP(host) === 0) await phase("lookup", `the name ${host} was not looked up`);
      await phase("connect", `there was no connection to ${host}:${port}`);
    });
    return socket;
  }

  /** TLS over a connection. */
  async #secure(socket: Socket, host: string, name?: string): Promise<Socket> {
    const servername = name || (isIP(host) === 0 ? host : "");
    const secure = openTls({ socket, host, servername, ALPNProtocols: ["http/1.1"] });
    await this.#phase(secure, (phase) =>
      phase("secureConnect", `${host} did not complete the TLS handshake`),
    );
    return secure;
  }

  /** A connection to a server through a proxy. */
  async #tunnel(proxy: URL, server: URL, port: number): Promise<Socket> {
    const host = plainHost(proxy);
    const plain = await this.#open(host, portOf(proxy));
    const carrier = proxy.protocol === "https:" ? await this.#secure(plain, host) : plain;
    const path = `${server.hostname}:${port}`;
    this.#pending.add(carrier);
    try {
      const answered = new Promise<Socket>((resolve, reject) => {
        const asking = httpRequest({
          method: "CONNECT",
          path,
          headers: { host: path, ...authorization(proxy) },
          createConnection: () => carrier,
        });
        asking.once("error", reject);
        asking.once("connect", ({ statusCode = 0 }, socket, head) => {
          if (head.length > 0) socket.unshift(head);
          if (statusCode >= 200 && statusCode < 300) resolve(socket as Socket);
          else
            reject(
              new HttpError(
                statusCode < 500 ? "proxy" : "connection",
                `the proxy ${proxy.host} refused to connect to ${path} (HTTP ${statusCode})`,
              ),
            );
        });
        asking.end();
      });
      const late = `the proxy ${proxy.host} did not answer within ${inSeconds(PHASE_MS)}`;
      return await within(answered, PHASE_MS, late, this.#clock);
    } catch (error) {
      carrier.destroy();
      if (error instanceof HttpError) throw error;
      throw new HttpError("connection", `through the proxy ${proxy.host}: ${reasonOf(error)}`);
    } finally {
      this.#pending.delete(carrier);
    }
  }

  /** Waits for events of a connection that is being made, each for so long; ends it where one does not come. */
  async #phase(
    socket: Socket,
    work: (phase: (event: string, late: string) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    this.#pending.add(socket);
    const ended = new Promise<never>((_, reject) => {
      socket.once("error", reject);
      socket.once("close", () =>
        reject(new HttpError("connection", "the connection was closed before it was made")),
      );
    });
    ended.catch(() => {});
    try {
      await work(async (event, late) => {
        const heard = new Promise<void>((resolve) => {
          socket.once(event, () => resolve());
        });
        await within(
          Promise.race([heard, ended]),
          PHASE_MS,
          `${late} within ${inSeconds(PHASE_MS)}`,
          this.#clock,
        );
      });
    } catch (error) {
      socket.destroy();
      // Without a code of undici's: for some of those it would connect again by itself, for ever.
      if (error instanceof HttpError) throw error;
      throw new HttpError("connection", reasonOf(error));
    } finally {
      this.#pending.delete(socket);
    }
  }
}

/** What an error of the system says, with its code. */
export function reasonOf(error: unknown): string {
  if (error instanceof HttpError) return error.message;
  const {
    code,
    message = String(error),
    cause,
    errors,
  } = error as NodeJS.ErrnoException & { errors?: unknown[] };
  // Of several addresses that were tried, the first speaks for all; what wraps another says less than that.
  const [first] = Array.isArray(errors) ? errors : [];
  const reason = first instanceof Error ? first.message : cause instanceof Error ? cause.message : message;
  return code === undefined || reason.includes(code) ? reason : `${reason} (${code})`;
}

/**
 * undici 7.30 fails an assertion, which would end the process, if a server closes a connection at the end of an answer
 * whose reader is slow. It becomes an error of that connection, and is followed by another try.
 */
function survivePause(socket: Socket): void {
  const emit = socket.emit.bind(socket);
  socket.emit = (event: string, ...args: unknown[]): boolean => {
    try {
      return emit(event, ...args);
    } catch (error) {
      if (event !== "end" || (error as NodeJS.ErrnoException).code !== "ERR_ASSERTION") throw error;
      socket.destroy(new HttpError("connection", "the connection ended before the answer was read"));
      return true;
    }
  };
}

function plainHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === "https:" ? 443 : 80));
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** Variables of the environment, as in process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy for a URL; undefined if the server is reached without one. Throws a TypeError if it is not a URL. */
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
