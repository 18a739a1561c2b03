import process from "node:process";
import { closeOnSignals } from "../../src/serve/close_on_signals.ts";

// A program whose closing never comes to an end.
setInterval(() => {}, 60_000);
closeOnSignals((signal) => process.stdout.write(`closing at ${signal}\n`));
process.stdout.write("ready\n");
