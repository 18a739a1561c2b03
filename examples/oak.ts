// Oak, on Deno. Its own request is passed on as a Request.
import { Application } from "@oakserver/oak";
import { webhook } from "telehook";
import { bot, onStop, options, port } from "./bot.ts";

const hook = webhook(bot, options);
const app = new Application();
app.use(async ({ request, response }) => {
  const { method, headers } = request;
  const body = method === "GET" || method === "HEAD" ? null : await request.body.text();
  const answer = await hook(new Request(request.url, { method, headers, body }));
  response.status = answer.status;
  response.headers = answer.headers;
  response.body = answer.body;
});
void app.listen({ port, hostname: "127.0.0.1" });
onStop(() => hook.close());
