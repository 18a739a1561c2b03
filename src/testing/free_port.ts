import { createServer } from "node:net";

/** Systems assign higher ports to programs that ask for any port: 32768 and up on Linux, 49152 and up elsewhere. */
const LOWEST = 10_000;
const HIGHEST = 32_767;
const ATTEMPTS = 100;

/**
 * Finds a port of this machine that nothing listens on, for a bot that has to name its port before it listens. It is one
 * that the system never assigns on its own, so that it is most likely still free a moment later.
 *
 * @throws {Error} If no port can be had, with the system's own reason.
 *
 * @example
 * ```ts
 * import { freePort } from "@telehook/telehook/testing";
 *
 * console.log(`http://127.0.0.1:${await freePort()}/telegram`);
 * ```
 */
export async function freePort(): Promise<number> {
  for (let attempt = 1;; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    try {
      await listenOnce(port);
      return port;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

function listenOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
  });
}
