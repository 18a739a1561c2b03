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

/** A standard stream. Files and devices are written directly: a full disk would block or end Deno's own stream. */
function textStream(stream: typeof process.stdout | typeof process.stderr, descriptor: 1 | 2): TextStream {
  const isDirect = !stream.isTTY && isFileOrDevice(descriptor);
  stream.on("error", writeFailed);
  return {
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
    write(text, done) {
      try {
        if (!isDirect) return stream.write(text, done);
        writeAll(descriptor, text);
        done?.();
      } catch (error) {
        writeFailed(error);
        done?.(error instanceof Error ? error : new Error(String(error)));
      }
      return true;
    },
  };
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
