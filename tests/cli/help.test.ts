import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { COMMANDS } from "../../src/cli/commands.ts";
import { runInProcess } from "./run_in_process.ts";

test("the program's help names every command", async () => {
  const { code, stdout } = await runInProcess(["--help"]);
  assert.equal(code, 0);
  for (const name of Object.keys(COMMANDS)) assert.match(stdout, new RegExp(`^  ${name} `, "m"));
  assert.equal((await runInProcess(["help"])).stdout, stdout);
  assert.equal((await runInProcess(["-h"])).stdout, stdout);
});

test("the help of each command names every option and fits on a screen", async () => {
  for (const [name, load] of Object.entries(COMMANDS)) {
    const { flags } = (await load()).command;
    const { code, stdout } = await runInProcess([name, "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Usage: telehook ${name}`, "m"));
    for (const flag of Object.keys(flags)) assert.match(stdout, new RegExp(`^  --${flag} `, "m"));
    for (const line of stdout.split("\n")) assert.ok(line.length <= 80, `${name}: ${line}`);
    assert.equal((await runInProcess(["help", name])).stdout, stdout);
    assert.equal((await runInProcess([name, "-h"])).stdout, stdout);
  }
});

test("the version is that of the package", async () => {
  const { stdout } = await runInProcess(["--version"]);
  for (const file of ["package.json", "deno.json"]) {
    const { version } = JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"));
    assert.equal(stdout, `${version}\n`);
  }
});

test("an error fits the terminal, and is one line elsewhere", async () => {
  const long = [
    "listen",
    "--self-signed",
    "--cert",
    "cert.pem",
    "--url",
    "http://bot.example.org/hook",
    "--frobnicate",
  ];
  const { stderr } = await runInProcess(long);
  assert.match(stderr, /^telehook: [^\n]{80,}\n$/);
  const terminal = await runInProcess(long, {}, { isTTY: true, columns: 60 });
  const lines = terminal.stderr.trimEnd().split("\n");
  assert.ok(lines.length > 1);
  for (const line of lines) assert.ok(line.length <= 60, line);
  assert.equal(lines.map((line) => line.trim()).join(" "), stderr.trimEnd());
});

test("the help fits the terminal: at most 100 columns, 80 if they are not known", async () => {
  const widest = async (columns?: number) => {
    const texts = await Promise.all(
      [["--help"], ...Object.keys(COMMANDS).map((name) => [name, "--help"])]
        .map(async (args) => (await runInProcess(args, {}, columns === undefined ? {} : { columns })).stdout),
    );
    // A command line to copy is not broken where it has no space.
    return Math.max(...texts.join("").split("\n").map((line) => line.length));
  };
  assert.ok(await widest(60) <= 60);
  assert.ok(await widest() <= 80);
  const wide = await widest(200);
  assert.ok(wide > 80 && wide <= 100, String(wide));
});
