import { nodeBuiltin } from "../../platform/node_builtin.ts";

interface Runtime {
  readonly process?: {
    readonly pid: number;
    readonly platform: string;
    kill(pid: number, signal: 0): unknown;
  };
  readonly Deno?: { permissions: { querySync(what: PermissionName): { readonly state: string } } };
}

type PermissionName =
  | { name: "run" }
  | { name: "sys"; kind: "hostname" }
  | { name: "read"; path: string };

/**
 * What tells apart the process ids of containers that go by one host name. Linux has it. No constant, since the file tracer that
 * Vercel and Nitro build with takes a constant path for a file to deploy, and fails at this one.
 */
const pidNamespacePath = () => "/proc/self/ns/pid";
const processPath = () => "/proc/self/stat";
const bootPath = () => "/proc/sys/kernel/random/boot_id";

const runtime = (): Runtime => globalThis as Runtime;

/** One use of a store, from its opening to its closing, as others can recognize it. */
export interface StoreUser {
  /** Never the same twice: its own name, what {@link processStart} tells, and the thread's name. */
  readonly run: string;
  /** Process ids mean something only on one host: containers that share a file have their own ids. May be unknown. */
  readonly host: string;
  readonly pid: number;
}

/** A process may hold this module several times, as after a hot reload: what one copy uses, the others must not take for dead. */
const USED_HERE = Symbol.for("telehook.usedSqliteStores");

/** What a thread uses; those of one process cannot see each other's. */
interface ThreadUses {
  readonly thread: string;
  /** The runs that it has not ended. */
  readonly runs: Set<string>;
}

function usedHere(): ThreadUses {
  const holder = globalThis as { [USED_HERE]?: ThreadUses };
  return holder[USED_HERE] ??= { thread: crypto.randomUUID(), runs: new Set() };
}

export function beginUse(): StoreUser {
  const { thread, runs } = usedHere();
  const run = [crypto.randomUUID(), processStart(), thread].join(" ");
  runs.add(run);
  return { run, host: host(), pid: runtime().process?.pid ?? 0 };
}

export function endUse({ run }: StoreUser): void {
  usedHere().runs.delete(run);
}

/**
 * Whether a user is known to have ended without saying so. What cannot be known (it is on another host, or Deno does
 * not permit it) is for its lease to tell.
 */
export function isDead(user: StoreUser, self: StoreUser): boolean {
  if (self.host === "" || user.host !== self.host || usedHere().runs.has(user.run)) return false;
  // The first process of a container has the same id each time.
  if (user.pid === self.pid) return !isOtherThread(user, self);
  if (!isPermitted({ name: "run" })) return false;
  try {
    runtime().process?.kill(user.pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

/**
 * What all threads of this process have in common, and no program before it with the same id has: when the process began,
 * since which start of the machine that counts, and where its stack is, which is elsewhere after each `exec`, as
 * `bun --watch` calls it. Empty if that cannot be known.
 */
function processStart(): string {
  if (runtime().process?.platform !== "linux" || !isPermitted({ name: "read", path: processPath() })) {
    return "";
  }
  try {
    const { readFileSync } = nodeBuiltin<{ readFileSync(path: string, as: "utf8"): string }>("node:fs");
    // Behind the program's name, which may have spaces: the 22nd and the 28th field of all.
    const fields = readFileSync(processPath(), "utf8").replace(/^.*\) /s, "").split(" ");
    const [began, stack] = [fields[19], fields[25]];
    return began && stack ? [began, stack, readFileSync(bootPath(), "utf8").trim()].join("-") : "";
  } catch {
    return "";
  }
}

/** Whether another thread of this process uses it, or has ended without saying so. */
function isOtherThread(user: StoreUser, self: StoreUser): boolean {
  const [, start = "", thread] = user.run.split(" ");
  const [, ownStart, ownThread] = self.run.split(" ");
  return start !== "" && start === ownStart && thread !== ownThread;
}

/** Where a process id means what it means here; empty if that cannot be known. */
function host(): string {
  const namespace = pidNamespace();
  if (namespace === undefined || !isPermitted({ name: "sys", kind: "hostname" })) return "";
  return `${nodeBuiltin<{ hostname(): string }>("node:os").hostname()} ${namespace}`;
}

/** Deno reads this link with all permissions only. `undefined` where there may be several, and which one is not known. */
function pidNamespace(): string | undefined {
  if (runtime().process?.platform !== "linux") return "";
  if (!isPermitted({ name: "read", path: pidNamespacePath() })) return undefined;
  try {
    return nodeBuiltin<{ readlinkSync(path: string): string }>("node:fs").readlinkSync(pidNamespacePath());
  } catch {
    return undefined;
  }
}

/** Deno would ask the user at the terminal for permission; a store is not worth the question. */
function isPermitted(what: PermissionName): boolean {
  const { Deno } = runtime();
  return Deno === undefined || Deno.permissions.querySync(what).state === "granted";
}
