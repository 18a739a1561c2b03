import { listen, updateHandlers, webhook } from "../../mod.ts";

/** Uses what `mod.ts` exports with web standards alone, and tells in JSON what became of it. */
export default async function tryOut(): Promise<string> {
  const merged: number[] = [];
  let isMerged = () => {};
  const whenMerged = new Promise<void>((resolve) => isMerged = resolve);
  const bot = updateHandlers({
    message: ({ message }) => ({
      method: "sendMessage",
      chat_id: message.chat.id,
      text: `You said: ${message.text}`,
    }),
    message_media_group({ message_media_group: { messages } }) {
      merged.push(...messages.map(({ message_id }) => message_id));
      isMerged();
    },
  });
  const hook = webhook(bot, { secretToken: "secret", mediaGroups: { quietMs: 10 } });
  const chat = { id: 42, type: "private" };
  const post = (update: object, secret = "secret", stream?: ReadableStream) =>
    hook(
      new Request("https://bot.example/", {
        method: "POST",
        headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": secret },
        body: stream ?? JSON.stringify(update),
        ...{ duplex: "half" },
      }),
    );
  const reply = await post({ update_id: 1, message: { chat, message_id: 1, text: "hi" } });
  const bytes = new TextEncoder().encode(JSON.stringify({ update_id: 2, message: { chat, text: "Ä" } }));
  const streamed = await post(
    {},
    "secret",
    new ReadableStream({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    }),
  );
  const wrongSecret = await post({}, "wrong");
  const album: number[] = [];
  for (const id of [1, 2]) {
    const part = { chat, message_id: id, media_group_id: "1", photo: [] };
    album.push((await post({ update_id: 2 + id, message: part })).status);
  }
  await whenMerged;
  const noServer = await listen(bot, { secretToken: null }).then(() => "it listens", ({ code }) => code);
  await hook.close();
  return JSON.stringify({
    reply: [reply.status, await reply.json()],
    streamed: [streamed.status, await streamed.json()],
    wrongSecret: wrongSecret.status,
    album,
    merged,
    allowed: hook.allowedUpdates,
    listen: noServer,
  });
}
