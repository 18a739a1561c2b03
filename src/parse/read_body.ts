import { type Answer, BROKEN_BODY, NOT_UTF8, TOO_LARGE } from "../answer.ts";
import { decodeBody, isFaithful } from "./decode_body.ts";
import { isBytes, joinChunks } from "./join_chunks.ts";

/**
 * Reads the body of a `Request`, never more than `limit` bytes of it.
 *
 * @param declared Its `Content-Length`, which the guard has checked and the runtime enforces: nothing is left to count,
 * and the runtime's own decoder is several times faster than what could be done with the bytes.
 * @returns The text, or what the delivery is refused with.
 */
export async function readBody(
  request: Request,
  declared: number | undefined,
  limit: number,
): Promise<string | Answer> {
  try {
    if (declared === undefined) return request.body === null ? "" : await readCounting(request.body, limit);
    const text = await request.text();
    if (text.length > limit) return TOO_LARGE; // a Request that somebody made may declare anything
    return isFaithful(text, declared) ? text : NOT_UTF8;
  } catch {
    return BROKEN_BODY; // the client went away, or somebody has read the body before us
  }
}

async function readCounting(body: ReadableStream<Uint8Array>, limit: number): Promise<string | Answer> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return decodeBody(joinChunks(chunks, length)) ?? NOT_UTF8;
    if (!isBytes(value)) return BROKEN_BODY; // a stream that somebody made may hold anything
    length += value.length;
    if (length > limit) {
      reader.cancel().catch(() => {}); // the sender may never end it: do not wait
      return TOO_LARGE;
    }
    chunks.push(value);
  }
}
