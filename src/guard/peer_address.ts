/** Where runtimes and frameworks keep the client's address: in an argument after the request, or in the request. */
const PLACES = [
  "remoteAddr.hostname", // Deno
  "incoming.socket.remoteAddress", // Hono's server for Node
  "socket.remoteAddress", // a message of node:http
  "node.req.socket.remoteAddress", // h3 v1
  "runtime.node.req.socket.remoteAddress", // srvx
  "ip", // srvx, h3 v2, Netlify
  "clientAddress", // Astro
].map((place) => place.split("."));

/** Where Bun's server may be, which is asked for the address. */
const BUN_SERVERS = [[], ["server"], ["runtime", "bun", "server"]];

/**
 * Finds the client's address in what a platform passes after a request, or in the request itself.
 *
 * @returns `undefined` if it is not there.
 */
export function peerAddress(request: unknown, args: readonly unknown[]): string | undefined {
  for (const source of [...args, request]) {
    for (const place of PLACES) {
      const address = valueAt(source, place);
      if (typeof address === "string") return address;
    }
    for (const place of BUN_SERVERS) {
      const address = valueAt(callIfMethod(valueAt(source, place), "requestIP", request), ["address"]);
      if (typeof address === "string") return address;
    }
    const address = callIfMethod(source, "getClientAddress"); // SvelteKit
    if (typeof address === "string") return address;
  }
  return undefined;
}

/** The value at a path of property names. A getter that throws has no value. */
export function valueAt(source: unknown, names: readonly string[]): unknown {
  let value = source;
  try {
    for (const name of names) {
      if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[name];
    }
  } catch {
    return undefined;
  }
  return value;
}

function callIfMethod(source: unknown, name: string, ...args: unknown[]): unknown {
  const method = valueAt(source, [name]);
  if (typeof method !== "function") return undefined;
  try {
    return method.apply(source, args);
  } catch {
    return undefined;
  }
}
