import type { BodyFacts } from "../parse/body_reader.ts";
import type { DeliveryHead } from "./head.ts";
import { pathFrom } from "./path.ts";
import { peerAddress } from "./peer_address.ts";

/** The head of a web-standard `Request`, with the arguments that the platform passes after it. */
export class RequestHead implements DeliveryHead, BodyFacts {
  readonly #request: Request;
  readonly #args: readonly unknown[];
  readonly #headers: Headers;
  readonly contentLength: number | undefined;

  constructor(request: Request, args: readonly unknown[]) {
    this.#request = request;
    this.#args = args;
    this.#headers = request.headers; // some runtimes make it each time that it is asked for
    const length = Number(this.#headers.get("content-length") || NaN);
    this.contentLength = Number.isNaN(length) ? undefined : length; // then every byte is counted
  }

  get method(): string {
    return this.#request.method;
  }

  get path(): string {
    const { url } = this.#request;
    // Bun leaves out the origin if it cannot read the Host header.
    const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
    if (start === -1) return "/";
    const path = pathFrom(url, start); // `new URL` would cost more than every other check together
    // Deno puts the Host header into the URL as it is, and a part of it might be taken for the path.
    const isAmbiguous = start + path.length < url.length || path.indexOf("/", 1) !== -1;
    return isAmbiguous && /[/?#]/.test(this.header("host") ?? "") ? "" : path;
  }

  get address(): string | undefined {
    return peerAddress(this.#request, this.#args);
  }

  /** Deno and Bun pass their server, or facts about the connection, if the request comes directly from it. */
  get isLengthEnforced(): boolean {
    const [first] = this.#args;
    return typeof first === "object" && first !== null && ("completed" in first || "requestIP" in first);
  }

  get headers(): Iterable<readonly [string, string]> {
    return this.#headers;
  }

  header(name: string): string | null {
    return this.#headers.get(name);
  }
}
