#!/usr/bin/env node
/**
 * The program `telehook`, on Node, Deno and Bun: a demo, a webhook that prints what comes, and what one needs to set,
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
import process from "node:process";
import { Output } from "./output.ts";
import { runCommandLine } from "./run_command_line.ts";

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error) => {
    // Whoever read what we print has had enough, as "head" has.
    if (Reflect.get(error, "code") === "EPIPE") process.exit(0);
    throw error;
  });
}

const output = new Output(process.stdout, process.stderr, process.env);
process.exitCode = await runCommandLine(process.argv.slice(2), process.env, output);
