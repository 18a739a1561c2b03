/** What Telegram sends most: a text in a private chat. 613 bytes with this id. */
export function textUpdate(update_id: number): string {
  return JSON.stringify({
    update_id,
    message: {
      message_id: 1365,
      from: {
        id: 1111111,
        is_bot: false,
        first_name: "Test",
        last_name: "Lastname",
        username: "Testusername",
        language_code: "en",
      },
      chat: {
        id: 1111111 + (update_id % 1000),
        first_name: "Test",
        last_name: "Lastname",
        username: "Testusername",
        type: "private",
      },
      date: 1_785_000_001,
      text:
        "/start Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat. ",
      entities: [{ offset: 0, length: 6, type: "bot_command" }],
    },
  }).padEnd(613);
}

/** A pressed button, with the message that it is under. */
export function callbackQuery(update_id: number): string {
  const from = {
    id: 1111111,
    is_bot: false,
    first_name: "Test",
    username: "Testusername",
    language_code: "en",
  };
  const chat = { id: 1111111, first_name: "Test", username: "Testusername", type: "private" };
  const message = {
    message_id: 7,
    from: { id: 1, is_bot: true, first_name: "Bot" },
    chat,
    date: 1_785_000_001,
    text: "Choose",
  };
  return JSON.stringify({
    update_id,
    callback_query: { id: "4382bfdwdsb323b2d9", from, message, chat_instance: "-1", data: "choice:2" },
  });
}

/** One of ten parts of an album; every ten ids are another album in another chat. */
export function albumPart(update_id: number): string {
  const album = Math.floor(update_id / 10);
  const chat = { id: 5_000_000 + album, first_name: "Test", type: "private" };
  const photo = [90, 320, 800].map((width) => ({
    file_id: `AgACAgIAAxkBAAIB${width}`.padEnd(83, "x"),
    file_unique_id: `AQAD${width}`,
    file_size: width * 100,
    width,
    height: width,
  }));
  return JSON.stringify({
    update_id,
    message: {
      message_id: update_id,
      from: { id: 1, is_bot: false, first_name: "T" },
      chat,
      date: 1_785_000_001,
      media_group_id: String(13_000_000_000 + album),
      photo,
    },
  });
}

/** As many connections as Telegram opens unless `max_connections` says otherwise. */
export const CONNECTIONS = 40;

/** Ids from here on all have nine digits. */
export const FIRST_ID = 100_000_000;

export const SECRET = "a-secret-token-of-a-usual-length_1234567890";

/** The bytes of a delivery as Telegram writes them. */
export function rawDelivery(port: number, body: string): string {
  return `POST /hook HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Telegram-Bot-Api-Secret-Token: ${SECRET}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: keep-alive\r\n` +
    `Accept-Encoding: gzip, deflate\r\n\r\n${body}`;
}
