import type { ReceivedUpdate } from "../../mod.ts";
import { describeUpdate } from "./describe_update.ts";
import type { Output } from "./output.ts";

const KIND_WIDTH = 26;

/** What prints updates: in words with the time, or each as a line of JSON that is written before the next is taken. */
export function updatePrinter(output: Output, isJson: boolean): (update: ReceivedUpdate) => Promise<void> {
  if (isJson) return (update) => output.data(JSON.stringify(update));
  return (update) => {
    const { kind, summary, parts } = describeUpdate(update);
    const time = new Date().toTimeString().slice(0, 8);
    output.print(`${output.paint("dim", time)}  ${output.paint("cyan", kind.padEnd(KIND_WIDTH))}${summary}`);
    const indent = " ".repeat(time.length + 2 + KIND_WIDTH);
    for (const part of parts) output.print(indent + part);
    return Promise.resolve();
  };
}
