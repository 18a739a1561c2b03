import { TelehookError } from "../errors.ts";
import { quote } from "../options.ts";
import type { ServerRuntime } from "./transport.ts";

/** Why a server did not start, in the same words on every runtime. */
export function listenError(
  cause: unknown,
  { runtime, port, hostname }: { runtime: ServerRuntime; port: number; hostname: string },
): TelehookError {
  if (cause instanceof TelehookError) return cause;
  if (cause instanceof ReferenceError) {
    return new TelehookError(
      "ERR_RUNTIME",
      `The adapter for ${runtime} runs on ${runtime} only: use listen(), which finds the right one`,
    );
  }
  return new TelehookError(
    "ERR_LISTEN",
    `Cannot listen on ${quote(hostname)}, port ${port}: ${reason(cause, port)}`,
    {
      cause,
    },
  );
}

function reason(cause: unknown, port: number): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  // Deno has no code for a name that cannot be resolved.
  const code = codeOf(cause) ?? (message.includes("lookup address") ? "ENOTFOUND" : undefined);
  switch (code) {
    case "EADDRINUSE":
      return "the port is in use: stop the program that has it, or choose another (0 takes any that is free)";
    case "EACCES":
    case "EPERM":
      return `this user may not: ports below 1024 need a privilege, so choose a higher one than ${port} behind a proxy`;
    case "EADDRNOTAVAIL":
    case "EINVAL":
      return 'this machine does not have the address: "0.0.0.0" is all that it has';
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the name cannot be resolved: give an IP address of this machine";
    default:
      return message;
  }
}

function codeOf(cause: unknown): unknown {
  return typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
}
