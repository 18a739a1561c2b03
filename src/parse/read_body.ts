import { type Answer, BROKEN_BODY, TOO_LARGE } from "../answer.ts";
import { isBytes, joinChunks } from "./join_chunks.ts";

/**
 * Reads the body of a `Request`, never more than `limit` bytes of it.
 *
 * @param declared Its `Content-Length`, which the guard has checked and the runtime enforces: nothing is left to count.
 * @returns The bytes, or what the delivery is refused with.
 */
export async function readBody(
  request: Request,
  declared: number | undefined,
  limit: number,
): Promise<Uint8Array | Answer> {
  try {
    if (declared === undefined) {
      return request.body === null ? new Uint8Array(0) : await readCounting(request.body, limit);
    }
    const bytes = new Uint8Array(await request.arrayBuffer());
    return bytes.length > limit ? TOO_LARGE : bytes; // a Request that somebody made may declare anything
  } catch {
    return BROKEN_BODY; // the client went away, or somebody has read the body before us
  }
}

async function readCounting(body: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array | Answer> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joinChunks(chunks, length);
    if (!isBytes(value)) return BROKEN_BODY; // a stream that somebody made may hold anything
    length += value.length;
    if (length > limit) {
      reader.cancel().catch(() => {}); // the sender may never end it: do not wait
      return TOO_LARGE;
    }
    chunks.push(value);
  }
}
