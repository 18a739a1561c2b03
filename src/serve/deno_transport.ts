import { TelehookError } from "../errors/telehook_error.ts";
import type { Webhook } from "../webhook.ts";
import { type DenoAddress, type DenoListener, type DenoServe, openListener } from "./deno_listener.ts";
import { listenError } from "./listen_error.ts";
import type { StartTransport } from "./transport.ts";

/** Starts `Deno.serve`. A listener has one certificate for life, so a new certificate takes a new listener. */
export const startDeno: StartTransport = (hook, options) => {
  const { Deno } = globalThis as { Deno?: DenoServe };
  if (Deno === undefined) throw new ReferenceError("There is no Deno.serve here");
  // Deno would not throw: it ends the process. What else comes with the flag tells whether it is there.
  if (options.reusePort && !("listenDatagram" in Deno)) {
    throw new TelehookError(
      "ERR_RUNTIME",
      'Deno shares a port only if it is started with "--unstable-net": add the flag, or drop "reusePort"',
    );
  }
  let server = openListener(Deno, hook, options);
  const { port } = server;
  const replaced = new Set<Promise<void>>();
  let binding: Promise<unknown> = Promise.resolve();
  return Promise.resolve({
    port,
    async stop() {
      await binding;
      await Promise.all([server.stop(), ...replaced]);
    },
    cut: () => server.cut(),
    async replaceTls(tls) {
      // Whatever Deno has against the pair must show while the old one is still served.
      await openListener(Deno, hook, { port: 0, hostname: "127.0.0.1", reusePort: false, tls }).stop();
      const handOver = async () => {
        const old = server;
        const release = await old.hold();
        const gone = old.retire();
        replaced.add(gone);
        void gone.then(() => replaced.delete(gone));
        try {
          server = await openWhenFree(Deno, hook, { ...options, port, tls });
        } finally {
          release();
        }
      };
      const handedOver = handOver();
      binding = handedOver.catch(() => {});
      await handedOver;
    },
  });
};

/** How long the system may take to let go of a port, in milliseconds; it takes a few. */
const FREED_WITHIN_MS = 2_000;

async function openWhenFree(Deno: DenoServe, hook: Webhook, address: DenoAddress): Promise<DenoListener> {
  const since = performance.now();
  for (;;) {
    try {
      return openListener(Deno, hook, address);
    } catch (error) {
      if (performance.now() - since > FREED_WITHIN_MS) {
        throw await listenError(error, { runtime: "deno", ...address });
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
