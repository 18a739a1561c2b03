/*
 * A load generator on raw sockets: 40 keep-alive connections, each with the next delivery once the answer to the one
 * before has come, as Telegram does. Checks every answer. In a process of its own, so that it has a core of its own:
 *
 *     node --import tsx bench/load.ts PORT FIRST_ID MILLISECONDS
 */
import { connect } from "node:net";
import { rawDelivery, textUpdate } from "./deliveries.ts";

const CONNECTIONS = 40;
const [port = 0, firstId = 1, duration = 2_000] = globalThis.process.argv.slice(2).map(Number);

let nextId = firstId;
let answers = 0;
const latencies: number[] = [];
const until = performance.now() + duration;

// Made beforehand but for the id, which has as many digits in each.
const template = rawDelivery(port, textUpdate(100_000_000));
const [before = "", after = ""] = template.split("100000000");
const delivery = (id: number) => `${before}${100_000_000 + id}${after}`;

async function connection(): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    let sentAt = 0;
    const send = () => {
      sentAt = performance.now();
      socket.write(delivery(nextId++), "latin1");
    };
    socket.on("connect", send);
    socket.on("error", reject);
    socket.on("close", () => resolve());
    socket.on("data", (data: Uint8Array) => {
      const now = performance.now();
      // "HTTP/1.1 200" and an empty line at the end: anything else is no acknowledgement.
      if (data[9] !== 0x32 || data[10] !== 0x30 || data[11] !== 0x30 || data.at(-1) !== 0x0a) {
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
await Promise.all(Array.from({ length: CONNECTIONS }, connection));
const seconds = (performance.now() - start) / 1000;
latencies.sort((a, b) => a - b);
const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
console.log(JSON.stringify({ answers, perSecond: answers / seconds, p50: at(0.5), p99: at(0.99) }));
