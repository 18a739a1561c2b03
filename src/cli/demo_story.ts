import type { Delivery, TestBotApi } from "../testing/mod.ts";

/** The button under the bot's answer to the command, which is pressed later. */
export const BUTTON = "Show the map";

/** Something that happens in Telegram, and what the bot's handlers must receive. */
export interface Scene {
  /** The handler that must receive it. */
  readonly handler: string;
  /** What Telegram delivers for it: one update, or each part of an album. */
  readonly deliveries: readonly Delivery[];
}

/** A short conversation, scene by scene, with one example of everything that is special about webhooks. */
export async function* story(telegram: TestBotApi): AsyncGenerator<Scene, void, void> {
  const anna = telegram.user({ first_name: "Anna" });
  const news = telegram.channel({ title: "Mountain News" });

  const hello = anna.sends("Hello! Is anyone ther?");
  yield { handler: "message", deliveries: [hello.delivery] };

  yield { handler: "message", deliveries: [anna.sends("/start hike").delivery] };

  const hike = anna.sendsAlbum([
    { photo: true, caption: "Sunrise over the lake" },
    { photo: true },
    { photo: true, caption: "Lunch at the hut" },
    { photo: true },
  ]);
  yield { handler: "message_media_group", deliveries: hike.parts.map(({ delivery }) => delivery) };

  const edited = anna.edits(hello, "Hello! Is anyone there?");
  yield { handler: "edited_message", deliveries: [edited.delivery] };

  const post = news.postsAlbum([
    { photo: true, caption: "The pass is open again" },
    { video: true },
    { photo: true },
  ]);
  yield { handler: "channel_post_media_group", deliveries: post.parts.map(({ delivery }) => delivery) };

  await telegram.nextCall("sendMessage"); // the bot's answer to the command, which has the button
  yield { handler: "callback_query", deliveries: [anna.presses(BUTTON)] };

  const later = telegram.deliver({ hologram: { from: anna.user, beams: 3 } });
  yield { handler: "unknown", deliveries: [later] };
}
