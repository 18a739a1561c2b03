/*
 * A load generator on raw sockets, for machines without `wrk`: 40 keep-alive connections, each with the next delivery
 * once the answer to the one before has come, as Telegram does. Checks every answer. In a separate process:
 *
 *     node --import tsx bench/load.ts URL FIRST_ID MILLISECONDS
 *
 * Each connection has its delivery's bytes ready and only writes the digits of the next update_id into them.
 */
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { CONNECTIONS, FIRST_ID, rawDelivery, textUpdate } from "./deliveries.ts";

const [url = "", firstId = "", duration = ""] = globalThis.process.argv.slice(2);
const { protocol, port } = new URL(url);

let nextId = Number(firstId);
let answers = 0;
const latencies: number[] = [];
const until = performance.now() + Number(duration);

function open(): Socket {
  if (protocol === "http:") return connect(Number(port), "127.0.0.1");
  return connectTls({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false });
}

async function connection(number: number): Promise<void> {
  const delivery = Buffer.from(rawDelivery(Number(port), textUpdate(FIRST_ID + number)), "latin1");
  const digits = delivery.indexOf(String(FIRST_ID + number));
  const socket = open();
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    let sentAt = 0;
    const send = () => {
      for (let id = nextId++, at = digits + 8; at >= digits; at--, id = Math.floor(id / 10)) {
        delivery[at] = 0x30 + id % 10;
      }
      sentAt = performance.now();
      socket.write(delivery);
    };
    socket.once(protocol === "http:" ? "connect" : "secureConnect", send);
    socket.on("error", reject);
    socket.on("close", () => resolve());
    socket.on("data", (data: Uint8Array) => {
      const now = performance.now();
      // "HTTP/1.1 200" and an empty line at the end: anything else is no acknowledgement.
      if (data[9] !== 0x32 || data[10] !== 0x30 || data[11] !== 0x30 || data[data.length - 1] !== 0x0a) {
        return reject(new Error(new TextDecoder().decode(data)));
      }
      answers++;
      latencies.push(now - sentAt);
      if (now < until) send();
      else socket.destroy();
    });
  });
}

const start = performance.now();
await Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => connection(number)));
const seconds = (performance.now() - start) / 1000;
latencies.sort((a, b) => a - b);
const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
const { user, system } = globalThis.process.cpuUsage();
const cpuMs = (user + system) / 1_000;
console.log(JSON.stringify({ answers, nextId, seconds, cpuMs, p50: at(0.5), p99: at(0.99) }));
