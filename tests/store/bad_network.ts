import { connect, createServer, type Socket } from "node:net";

/** A proxy on loopback that does to a server's requests and answers what a network does. */
export interface BadNetwork {
  readonly url: string;
  /** From now on, each answer is dropped, cut in half or delayed with this probability. 0 to 1. */
  failing: number;
  /** From now on, the connection ends with this probability before a request has reached the server, or right after. */
  failingRequests: number;
  /** How long an answer is delayed at most. Milliseconds. */
  delayMs: number;
  /** How many requests and answers were hit. */
  hits: number;
  /** Whether nothing passes in either direction, though connections stay. */
  isSilent: boolean;
  /** From now on, nothing passes over the connections that there are, and neither end is told. */
  silence(): void;
  close(): void;
}

/** Starts a proxy that drops requests and answers, delays answers and cuts them in half. */
export async function badNetwork(targetUrl: string, random: () => number): Promise<BadNetwork> {
  const { hostname, port } = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let silenced = 0;
  let connections = 0;
  const network = {
    ...{ url: "", failing: 0, failingRequests: 0, delayMs: 20, hits: 0, isSilent: false, close: () => {} },
    silence: () => void (silenced = connections),
  };
  const server = createServer((client) => {
    const number = connections++;
    const isSilent = () => network.isSilent || number < silenced;
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
    }
    const end = () => {
      for (const socket of [client, upstream]) {
        socket.destroy();
        sockets.delete(socket);
      }
    };
    client.on("close", end);
    upstream.on("close", end);
    client.on("data", (chunk) => {
      if (isSilent()) return;
      if (network.failingRequests === 0 || random() >= network.failingRequests) {
        return void upstream.write(chunk);
      }
      network.hits++;
      if (random() < 0.5) end();
      else upstream.write(chunk, end);
    });
    upstream.on("data", (chunk) => {
      if (isSilent()) return;
      if (random() >= network.failing) return void client.write(chunk);
      network.hits++;
      const how = Math.floor(random() * 3);
      if (how === 0) return end();
      upstream.pause(); // nothing follows half an answer, or overtakes one
      if (how === 1) return void client.write(chunk.subarray(0, chunk.length >> 1), end);
      setTimeout(() => {
        client.write(chunk);
        upstream.resume();
      }, network.delayMs * random());
    });
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const own = new URL(targetUrl);
  own.hostname = "127.0.0.1";
  own.port = String(typeof address === "object" && address !== null ? address.port : 0);
  network.url = own.href;
  network.close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return network;
}
