import { SECRET } from "./deliveries.ts";

/**
 * A handler that makes the checks which telehook makes, and nothing else: what is dear about them is asking the runtime for
 * the method, the URL and two headers. No albums, no order, no limits, no counts, no time limit, and one answer to
 * everything that it refuses.
 */
export function checksByHand(
  read: (request: Request) => Promise<{ update_id?: unknown; message?: unknown } | null>,
  onMessage: () => void,
): (request: Request) => Promise<Response> {
  const lately = new Float64Array(32_768);
  return async (request) => {
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const { url, headers } = request;
    if (url.slice(url.indexOf("/", 8)) !== "/hook") return new Response(null, { status: 404 });
    if (!isSecret(headers.get("x-telegram-bot-api-secret-token"))) return new Response(null, { status: 401 });
    if (!(Number(headers.get("content-length")) <= 1_048_576)) return new Response(null, { status: 413 });
    const update = await read(request);
    const id = update?.update_id;
    if (typeof id !== "number") return new Response(null, { status: 400 });
    if (lately[id % lately.length] === id) return new Response();
    if (update?.message !== undefined) onMessage();
    lately[id % lately.length] = id;
    return new Response();
  };
}

function isSecret(given: string | null): boolean {
  if (given?.length !== SECRET.length) return false;
  let difference = 0;
  for (let i = 0; i < SECRET.length; i++) difference |= given.charCodeAt(i) ^ SECRET.charCodeAt(i);
  return difference === 0;
}
