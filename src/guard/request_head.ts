import type { DeliveryHead } from "./head.ts";

/** The head of a web-standard `Request`, with what the runtime passes beside it. */
export class RequestHead implements DeliveryHead {
  readonly #request: Request;
  readonly #beside: readonly unknown[];
  readonly #headers: Headers;
  readonly contentLength: number | undefined;

  constructor(request: Request, beside: readonly unknown[]) {
    this.#request = request;
    this.#beside = beside;
    this.#headers = request.headers; // where it is made when asked for, it may be made each time
    const length = Number(this.#headers.get("content-length") || NaN);
    this.contentLength = Number.isNaN(length) ? undefined : length; // then every byte is counted
  }

  get method(): string {
    return this.#request.method;
  }

  get path(): string {
    return pathOf(this.#request.url);
  }

  get address(): string | undefined {
    for (const each of this.#beside) {
      if (typeof each !== "object" || each === null) continue;
      if ("remoteAddr" in each) return hostnameIn(each.remoteAddr); // Deno's ServeHandlerInfo
      if ("requestIP" in each && typeof each.requestIP === "function") { // Bun's Server
        return addressIn(each.requestIP(this.#request));
      }
    }
    return undefined;
  }

  get headers(): Iterable<readonly [string, string]> {
    return this.#headers;
  }

  header(name: string): string | null {
    return this.#headers.get(name);
  }
}

/** The path of an absolute URL, sliced out: `new URL` would cost more than every other check together. */
function pathOf(url: string): string {
  // Bun leaves out the origin if it cannot read the Host header.
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  if (start === -1) return "/";
  let end = start;
  for (; end < url.length; end++) {
    const code = url.charCodeAt(end);
    if (code === 0x3f || code === 0x23) break; // ? #
  }
  return url.slice(start, end);
}

function hostnameIn(address: unknown): string | undefined {
  if (typeof address !== "object" || address === null || !("hostname" in address)) return undefined;
  return typeof address.hostname === "string" ? address.hostname : undefined;
}

function addressIn(found: unknown): string | undefined {
  if (typeof found !== "object" || found === null || !("address" in found)) return undefined;
  return typeof found.address === "string" ? found.address : undefined;
}
