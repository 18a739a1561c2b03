import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { ReceivedRequest } from "./loopback_server.ts";

/** One part of a multipart body, its content byte for byte as latin1 text. */
export interface Part {
  readonly name: string;
  readonly filename: string | undefined;
  readonly type: string | undefined;
  readonly content: string;
}

/** Takes a `multipart/form-data` body apart as strictly as Telegram's server does. */
export function partsOf(request: ReceivedRequest | undefined): Part[] {
  const contentType = request?.headers["content-type"] ?? "";
  const boundary = /^multipart\/form-data;\s*boundary="?([^";]+)"?$/.exec(contentType)?.[1];
  assert.ok(boundary, `"${contentType}" is no multipart/form-data with a boundary`);
  const sections = Buffer.from(request?.body ?? []).toString("latin1").split(`--${boundary}`);
  assert.equal(sections[0], "");
  assert.match(sections.at(-1) ?? "", /^--(\r\n)?$/);
  return sections.slice(1, -1).map((section) => {
    const [, head = "", content = ""] = /^\r\n(.*?)\r\n\r\n(.*)\r\n$/s.exec(section) ?? assert.fail(section);
    const [, name = "", filename] =
      /^content-disposition: form-data; name="([^"]*)"(?:; filename="([^"]*)")?$/im.exec(head) ??
        assert.fail(head);
    return {
      name,
      filename,
      type: /^content-type: (.*)$/im.exec(head)?.[1],
      content,
    };
  });
}
