// Hono on Node, Deno and Bun. On Workers, pass c.executionCtx too: hook(c.req.raw, c.env, c.executionCtx).
import { Hono } from "hono";
import { webhook } from "telehook";
import { bot, onStop, options, port } from "./bot.ts";

const hook = webhook(bot, options);
const app = new Hono();
app.post("/telegram", (c) => hook(c.req.raw, c.env)); // c.env has the client's address on Deno and Bun
const at = { port, hostname: "127.0.0.1" };
if ("Deno" in globalThis) Deno.serve(at, app.fetch);
else if ("Bun" in globalThis) Bun.serve({ ...at, idleTimeout: 75, fetch: app.fetch });
else (await import("@hono/node-server")).serve({ ...at, fetch: app.fetch });
onStop(() => hook.close());
