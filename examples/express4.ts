// Express 4, behind a body parser and a router with a prefix.
import express from "express4";
import { webhook } from "telehook";
import { toNodeListener } from "telehook/node";
import { bot, onStop, options, port } from "./bot.ts";

const hook = webhook(bot, { ...options, path: "/bots/telegram" }); // the whole path, prefix included
const app = express();
app.use(express.json({ limit: "1mb" })); // its own limit of 100 kB would block a chat for a day
const router = express.Router();
router.post("/telegram", toNodeListener(hook));
app.use("/bots", router);
app.listen(port, "127.0.0.1");
onStop(() => hook.close());
