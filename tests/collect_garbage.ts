import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Lets memory be collected. */
export function collectGarbage(): void {
  const { Bun } = globalThis as { Bun?: { gc(isSynchronous: boolean): void } };
  if (Bun !== undefined) return Bun.gc(true);
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}
