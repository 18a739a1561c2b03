import { createServer } from "node:net";

/**
 * Finds a port of this machine that nothing listens on, for a bot that has to name its port before it listens.
 *
 * @example
 * ```ts
 * import { freePort } from "@telehook/telehook/testing";
 *
 * console.log(`http://127.0.0.1:${await freePort()}/telegram`);
 * ```
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
