import type { Webhook } from "../webhook.ts";
import type { TransportOptions } from "./transport.ts";

/** As much of `Deno.serve` as is used, so that the types load where there are none of Deno's. */
export interface DenoServe {
  serve(
    options: {
      port: number;
      hostname: string;
      reusePort: boolean;
      cert?: string;
      key?: string;
      signal: AbortSignal;
      onListen(): void;
    },
    handler: (request: Request, info: { readonly completed: Promise<void> }) => Promise<Response>,
  ): { readonly addr: unknown; shutdown(): Promise<void>; unref(): void };
}

/** Where a listener listens. */
export type DenoAddress = Omit<TransportOptions, "isTlsWatched">;

/** How long no request may have come before a listener is replaced, and how long answers may wait, in milliseconds. */
const QUIET_MS = 50;
const HOLD_MS = 1_000;

/** One listener of Deno's, which has the same certificate for its whole life. */
export interface DenoListener {
  readonly port: number;
  stop(): Promise<void>;
  cut(): void;
  /**
   * Keeps answers back until released, and resolves when no more requests come. A connection that waits for an answer is
   * told with it to end; one that is idle is closed, perhaps with a request on its way.
   */
  hold(): Promise<() => void>;
  /** Stops listening at once, and resolves when what is under way is answered. */
  retire(): Promise<void>;
}

/** Opens a listener that gives each request to the webhook. */
export function openListener(
  Deno: DenoServe,
  hook: Webhook,
  { port, hostname, reusePort, tls }: DenoAddress,
): DenoListener {
  // server.shutdown() waits for whoever has sent half a request, and from then on nothing can end that: the signal
  // would throw. So it comes when all are answered; and if they are not in time, the signal comes instead.
  const cutter = new AbortController();
  let unsent = 0;
  let isShuttingDown = false;
  let shutDown = () => {};
  let isHeld = false;
  let latest = 0;
  let release = () => {};
  const held = new Promise<void>((resolve) => release = resolve);
  const onSent = () => {
    if (--unsent === 0) shutDown();
  };
  const server = Deno.serve(
    { port, hostname, reusePort, ...tls, signal: cutter.signal, onListen() {} },
    (request, info) => {
      unsent++;
      info.completed.then(onSent, onSent);
      if (!isHeld) return hook(request, info);
      latest = performance.now();
      return answerLast(hook(request, info), held);
    },
  );
  return {
    port: portOf(server.addr) ?? port,
    stop: () =>
      new Promise<void>((resolve) => {
        shutDown = () => {
          if (cutter.signal.aborted || isShuttingDown) return;
          isShuttingDown = true;
          resolve(server.shutdown());
        };
        if (unsent === 0) shutDown();
      }),
    cut() {
      if (!isShuttingDown) cutter.abort();
    },
    async hold() {
      isHeld = true;
      const since = latest = performance.now();
      for (let now = since; now - latest < QUIET_MS && now - since < HOLD_MS; now = performance.now()) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return release;
    },
    retire() {
      isShuttingDown = true;
      server.unref(); // one who never finishes a request must not keep the process alive
      return server.shutdown();
    },
  };
}

/** Deno itself does not tell the client that a connection ends with an answer. */
async function answerLast(answer: Promise<Response>, released: Promise<void>): Promise<Response> {
  const response = await answer;
  await released;
  response.headers.set("connection", "close");
  return response;
}

function portOf(address: unknown): number | undefined {
  if (typeof address !== "object" || address === null || !("port" in address)) return undefined;
  return typeof address.port === "number" ? address.port : undefined;
}
