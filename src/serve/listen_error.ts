import { TelehookError } from "../errors/telehook_error.ts";
import { nodeBuiltin } from "../platform/node_builtin.ts";
import { quote } from "../text/quote.ts";
import type { ServerRuntime } from "./transport.ts";

interface Dns {
  lookup(hostname: string): Promise<unknown>;
}

/** What a server was to be started as. */
interface Attempt {
  readonly runtime: ServerRuntime;
  readonly port: number;
  readonly hostname: string;
  readonly tls: unknown;
}

/** Why a server did not start, in the same words on every runtime. */
export async function listenError(cause: unknown, attempt: Attempt): Promise<TelehookError> {
  const { runtime, port, hostname, tls } = attempt;
  if (cause instanceof TelehookError) return cause;
  if (cause instanceof ReferenceError) {
    return new TelehookError(
      "ERR_RUNTIME",
      `The adapter for ${runtime} runs on ${runtime} only: use listen(), which finds the right one`,
    );
  }
  const code = codeOf(cause);
  if (tls !== undefined && isAboutPair(cause, code)) return pairError(cause);
  const why = reason(await unresolved(hostname) ?? code, port) ?? messageOf(cause);
  return new TelehookError(
    "ERR_LISTEN",
    `Cannot listen on ${quote(hostname)}, port ${port}: ${why}`,
    { cause },
  );
}

/** The error for a certificate or key that only the runtime refuses. */
export function pairError(cause: unknown): TelehookError {
  return new TelehookError(
    "ERR_TLS",
    `This runtime does not take the certificate or key: ${
      messageOf(cause)
    }; use RSA of at least 2048 bits, ECDSA P-256 ` +
      "or Ed25519",
    { cause },
  );
}

/** OpenSSL's errors have their own codes on Node and Bun; on Deno these are the plain errors without a code. */
function isAboutPair(cause: unknown, code: unknown): boolean {
  if (typeof code === "string") return /^ERR_.*SSL/.test(code);
  return cause instanceof Error && (cause.name === "Error" || cause.name === "InvalidData");
}

/** The code of a name that cannot be resolved, on Bun, whose error is that of an earlier failure. */
async function unresolved(hostname: string): Promise<"ENOTFOUND" | undefined> {
  if (!("Bun" in globalThis)) return undefined;
  return await nodeBuiltin<Dns>("node:dns/promises").lookup(hostname).then(
    () => undefined,
    () => "ENOTFOUND",
  );
}

function reason(code: unknown, port: number): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return "the port is in use: stop the program that has it, or choose another (0 takes any that is free)";
    case "EACCES":
    case "EPERM":
      return `permission denied: ports below 1024 need a privilege. Use a higher port than ${port} behind a proxy`;
    case "EADDRNOTAVAIL":
    case "EINVAL":
      return 'this machine has no such address: use one that it has, or "0.0.0.0" for all of them';
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return 'the name cannot be resolved: use an IP address of this machine, or "0.0.0.0" for all of them';
    default:
      return undefined;
  }
}

function codeOf(cause: unknown): unknown {
  // Deno has no code for a name that cannot be resolved, nor for what is no name.
  if (/lookup address|^invalid host /.test(messageOf(cause))) return "ENOTFOUND";
  return typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
