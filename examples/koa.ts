// Koa: a body parser before it would keep its result in ctx.request.body; ctx.req.body = ctx.request.body passes it on.
import Koa from "koa";
import { webhook } from "telehook";
import { toNodeListener } from "telehook/node";
import { bot, onStop, options, port } from "./bot.ts";

const hook = webhook(bot, options);
const listener = toNodeListener(hook);
const app = new Koa();
app.use(async (ctx, next) => {
  if (ctx.path !== "/telegram") return await next();
  ctx.respond = false;
  await listener(ctx.req, ctx.res);
});
app.listen(port, "127.0.0.1");
onStop(() => hook.close());
