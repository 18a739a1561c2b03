// In front of a puregram bot.
import { Telegram } from "puregram";
import { listen, passOn } from "telehook";
import { apiRoot, options, port, token } from "./bot.ts";

const telegram = Telegram.fromToken(token, { apiBaseUrl: `${apiRoot}/bot` });
const failed = new WeakMap<object, unknown>();
telegram.updates.use(async (context, next) => { // the first of all: behind it, puregram logs errors and forgets them
  try {
    await next();
  } catch (error) {
    failed.set(context, error);
  }
});
let failures = 0;
telegram.updates.on("message", async (context) => {
  if (context.text === "/fail" && failures++ === 0) throw new Error("The first attempt fails");
  if (context.text !== undefined) await context.send(`You said: ${context.text}`);
  else if (context.hasAttachment()) await context.send(`A photo: ${context.caption}`);
});

// handleUpdate(update) alone waits for nothing, and its errors are nobody's. dispatchMiddleware is private in the types.
const { updates } = telegram;
type Context = NonNullable<ReturnType<typeof updates.handleUpdate>>;
const dispatch = updates as unknown as { dispatchMiddleware(context: Context): Promise<void> };
type Update = Parameters<typeof updates.handleUpdate>[0];
const receiver = passOn(async (update: Update) => {
  const context = updates.handleUpdate(update, false);
  if (context === undefined) return;
  await dispatch.dispatchMiddleware(context);
  if (failed.has(context)) throw failed.get(context);
});
await listen(receiver, { ...options, port, hostname: "127.0.0.1", closeOnSignals: true });
