/*
 * telehook in bench/http.ts, with every check on: path, secret, type, size, duplicates, albums.
 */
import { listen, updateHandlers } from "../mod.ts";
import { SECRET } from "./deliveries.ts";
import { tell, tlsFromEnvironment } from "./http_control.ts";

let seen = 0;
const bot = updateHandlers({
  message: () => {
    seen++;
  },
  message_media_group: () => {},
});
const { port } = await listen(bot, {
  secretToken: SECRET,
  path: "/hook",
  hostname: "127.0.0.1",
  port: 0,
  tls: tlsFromEnvironment(),
});
tell(port, () => seen);
