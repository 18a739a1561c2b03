// Many bots on one server: each has the path /bots/<its id>.
import { botHost, listen } from "telehook";
import { apiRoot, bot, port, token } from "./bot.ts";

const url = process.env.PUBLIC_URL ?? `http://127.0.0.1:${port}`;
const host = botHost(bot, { pathPrefix: "/bots", url, apiRoot });
await listen(host, { port, hostname: "127.0.0.1", closeOnSignals: true });
await host.add(token); // registers its webhook; more of them at any time, and host.remove(id)
