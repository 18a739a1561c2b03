import { Output } from "../../src/cli/output.ts";
import { runCommandLine } from "../../src/cli/run_command_line.ts";

/** Runs the program within the test's process: fast, for what needs no separate process. */
export async function runInProcess(
  args: readonly string[],
  env: Record<string, string> = {},
  terminal: { readonly columns?: number; readonly isTTY?: boolean } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const printed = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof printed) => ({
    ...terminal,
    write(text: string, done?: () => void): boolean {
      printed[name] += text;
      done?.();
      return true;
    },
  });
  const output = new Output(stream("stdout"), stream("stderr"), env);
  const code = await runCommandLine(args, env, output);
  return { code, ...printed };
}
