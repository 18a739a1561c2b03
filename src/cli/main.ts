#!/usr/bin/env node
/**
 * The program `telehook`, on Node, Deno and Bun: a demo, a webhook that prints updates, and the commands that register,
 * examine and delete a webhook. It runs when it is imported.
 *
 * @example
 * ```sh
 * npx telehook demo
 * deno run -A jsr:@telehook/telehook/cli demo
 * bunx telehook demo
 * ```
 *
 * @module
 */
import { fstatSync, writeSync } from "node:fs";
import process from "node:process";
import { errorReason } from "../text/error_reason.ts";
import { Output, type TextStream } from "./output.ts";
import { runCommandLine } from "./run_command_line.ts";

let hasFailed = false;

/** What failed is reported once, if anybody can still be told. */
function writeFailed(error: unknown): void {
  // The program that reads our output has ended, as "head" does.
  if (error instanceof Error && Reflect.get(error, "code") === "EPIPE") process.exit(0);
  if (hasFailed) return;
  hasFailed = true;
  try {
    writeSync(2, `telehook: cannot write: ${errorReason(error)}\n`);
  } catch {
    // The standard error cannot be written either.
  }
}

/**
 * A standard stream. Files and devices are written directly: a full disk would block or end Deno's own stream. On Deno, a pipe
 * that nobody reads would block everything, signals too: it is written in the background.
 */
function textStream(stream: typeof process.stdout | typeof process.stderr, descriptor: 1 | 2): TextStream {
  const isDirect = !stream.isTTY && isFileOrDevice(descriptor);
  const pipe = stream.isTTY ? undefined : denoPipe(descriptor);
  let written = Promise.resolve();
  stream.on("error", writeFailed);
  return {
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
    write(text, done) {
      try {
        if (isDirect) writeAll(descriptor, text);
        else if (pipe === undefined) return stream.write(text, done);
        else {
          written = written.then(() => pipeAll(pipe, text)).then(() => done?.(), failed);
          return true;
        }
        done?.();
      } catch (error) {
        failed(error);
      }
      return true;

      function failed(error: unknown): void {
        writeFailed(error);
        done?.(error instanceof Error ? error : new Error(String(error)));
      }
    },
  };
}

interface DenoPipe {
  write(bytes: Uint8Array): Promise<number>;
}

function denoPipe(descriptor: 1 | 2): DenoPipe | undefined {
  const { Deno } = globalThis as { Deno?: { readonly stdout: DenoPipe; readonly stderr: DenoPipe } };
  return descriptor === 1 ? Deno?.stdout : Deno?.stderr;
}

async function pipeAll(pipe: DenoPipe, text: string): Promise<void> {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(await pipe.write(bytes));
}

function isFileOrDevice(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor);
    return stat.isFile() || stat.isCharacterDevice();
  } catch {
    return false;
  }
}

function writeAll(descriptor: number, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(writeSync(descriptor, bytes));
}

const output = new Output(textStream(process.stdout, 1), textStream(process.stderr, 2), process.env);
const code = await runCommandLine(process.argv.slice(2), process.env, output);
process.exitCode = hasFailed ? code || 1 : code;
