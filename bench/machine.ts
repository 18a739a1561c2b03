import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";

/** The facts without which a figure means nothing. */
export function machine(): string {
  const cpu = cpus()[0]?.model.trim() ?? "unknown CPU";
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = loadavg()[0]?.toFixed(1) ?? "unknown";
  return `${availableParallelism()} × ${cpu}, ${memory} GiB, ${platform()} ${release()} ${arch()}, load ${load} at the start`;
}

/** A table in Markdown, its columns as wide as they must be. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

/** The middle one, which a noisy neighbor does not move. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}

/** The median of the quotients of what was measured in the same round. */
export function medianRatio(numbers: readonly number[], floors: readonly number[]): number {
  return median(numbers.map((each, i) => each / (floors[i] ?? NaN)));
}
