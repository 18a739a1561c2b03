/** What is written to the console while something runs. */
export async function consoleOf(work: () => unknown): Promise<string[]> {
  const lines: string[] = [];
  const { error } = console;
  console.error = (...args: unknown[]) => void lines.push(args.map(String).join(" "));
  try {
    await work();
  } finally {
    console.error = error;
  }
  return lines;
}
