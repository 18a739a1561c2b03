import type { TestContext } from "node:test";
import {
  startTestBotApi,
  type TestBotApi,
  type TestBotApiOptions,
  type VirtualClock,
  virtualClock,
} from "../../src/testing/mod.ts";

/** A time at which nothing in particular happens: the date of the captured requests. */
export const START = 1_785_000_001_000;

/** Starts a server whose clock stands still, closed when the test ends. */
export async function frozen(
  t: TestContext,
  options: TestBotApiOptions<VirtualClock> = {},
): Promise<TestBotApi<VirtualClock>> {
  const telegram = await startTestBotApi({
    random: () => 0.5,
    ...options,
    clock: options.clock ?? virtualClock(START),
  });
  t.after(() => telegram.close());
  return telegram;
}

/** What the Bot API said, and with which status and headers. */
export interface ApiAnswer {
  status: number;
  headers: Headers;
  ok: boolean;
  result?: unknown;
  description?: string;
  error_code?: number;
  parameters?: object;
}

/** Calls a method with JSON, as bots do. */
export async function call(
  { apiRoot, token }: { apiRoot: string; token: string },
  method: string,
  params: object = {},
): Promise<ApiAnswer> {
  const response = await fetch(`${apiRoot}/bot${token}/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(params),
  });
  return { ...await response.json(), status: response.status, headers: response.headers };
}

/** Calls a method with a form, as bots do that upload something. */
export async function callWithForm(
  { apiRoot, token }: { apiRoot: string; token: string },
  method: string,
  params: Record<string, string | Blob>,
): Promise<ApiAnswer> {
  const form = new FormData();
  for (const [name, value] of Object.entries(params)) form.append(name, value);
  const response = await fetch(`${apiRoot}/bot${token}/${method}`, { method: "POST", body: form });
  return { ...await response.json(), status: response.status, headers: response.headers };
}

/** A text message of somebody, for tests in which only the queue matters. */
export function saying(text: string, chat = 111): { message: object } {
  const from = { id: chat, is_bot: false, first_name: "A" };
  return {
    message: { message_id: 1, from, chat: { id: chat, first_name: "A", type: "private" }, date: 0, text },
  };
}
