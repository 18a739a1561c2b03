import { readFileSync } from "node:fs";

/** What was captured: the path and secret that the webhook was set with, and the update's id. */
export const CAPTURES: Readonly<Record<string, { path: string; secret: string | null; id: number }>> = {
  "http-1-first": { path: "/hook/path", secret: "my-Secret_1", id: 100000001 },
  "http-2-keepalive-unicode": { path: "/hook/path", secret: "my-Secret_1", id: 100000002 },
  "http-3-keepalive": { path: "/hook/path", secret: "my-Secret_1", id: 100000003 },
  "http-nosecret-rootpath-1": { path: "/", secret: null, id: 100000001 },
  "http-nosecret-rootpath-2": { path: "/", secret: null, id: 100000002 },
  "http-retry-attempt-1": { path: "/hook", secret: "tok", id: 100000001 },
  "http-retry-attempt-2": { path: "/hook", secret: "tok", id: 100000001 },
  "http-userinfo-host-fragment": { path: "/a%20b", secret: null, id: 100000001 },
  "https-1-first": { path: "/hook", secret: "my-Secret_1", id: 100000001 },
  "https-2-keepalive": { path: "/hook", secret: "my-Secret_1", id: 100000002 },
  "https-3-keepalive": { path: "/hook", secret: "my-Secret_1", id: 100000003 },
};

/** What the messages in the captures say. */
export const CAPTURED_TEXTS: Readonly<Record<number, string>> = {
  100000001: "/start deep_link",
  100000002: 'héllo ✓ 😀 "q" \\ / \n\t<b>&amp; \x07',
  100000003: "third",
};

/** The bytes of a captured request, every character one. */
export function capture(name: string): string {
  return readFileSync(new URL(`../fixtures/captures/${name}.http`, import.meta.url), "latin1");
}
