import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { TestContext } from "node:test";
import type { ConnectionOptions } from "node:tls";
import { fileURLToPath } from "node:url";
import type { ListenOptions, TlsPem } from "../../mod.ts";
import { RUNTIME } from "./adapters.ts";
import { RawConnection } from "./raw_connection.ts";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

/** Whether processes of this runtime can share a port without `node:cluster`; Deno, if it is started for it. */
export const CAN_REUSE_PORT: boolean = RUNTIME !== "node" || major * 100 + minor >= 2212;

/** What a process is to do; see `reuse_port_child.ts`. */
export interface Task {
  readonly journal: string;
  readonly port: number;
  readonly reusePort: boolean;
  /** How many workers a primary has; none if the process listens itself. */
  readonly workers?: number;
  /** Whether the primary replaces a worker that ends. */
  readonly replaces?: boolean;
  /** The file of a sqliteStore. */
  readonly database?: string;
  readonly tls?: TlsPem;
  /** What the text "renew" replaces it with. */
  readonly nextTls?: TlsPem;
  readonly options?: Pick<
    ListenOptions,
    "acknowledge" | "acknowledgeWithinMs" | "maxAttempts" | "mediaGroups"
  >;
}

/** What a process wrote into the journal. */
export interface JournalLine {
  readonly pid: number;
  readonly listening?: number;
  readonly failed?: string;
  readonly refused?: number;
  readonly renewed?: boolean;
  readonly began?: readonly number[];
  readonly attempt?: number;
  readonly ended?: readonly number[];
  readonly closed?: boolean;
  /** A worker, as its primary tells. */
  readonly exited?: number;
}

/** How long the processes may take for what a test waits for, in milliseconds. */
const PATIENCE_MS = 20_000;

const LOADER = {
  node: ["--import", "tsx"],
  deno: ["run", "-A", "--no-check", "--unstable-net"],
  bun: [],
}[RUNTIME];

/** Processes on one port, by `reusePort` or by `node:cluster`, that write into one journal what they handle. */
export class SeveralProcesses {
  readonly directory: string;
  /** Those that were started here (the processes themselves, or their primary) and what they end with. */
  readonly #children: { readonly pid: number; readonly ended: Promise<number | string | null> }[] = [];
  readonly #connections: RawConnection[] = [];
  readonly #task: Task;
  #port = 0;
  #wake = () => {};

  private constructor(t: TestContext, task: Partial<Task> & { readonly hasStore?: boolean }) {
    this.directory = mkdtempSync(join(tmpdir(), "telehook-several-"));
    const journal = join(this.directory, "journal");
    writeFileSync(journal, "");
    const { hasStore, ...rest } = task;
    this.#task = {
      journal,
      port: 0,
      reusePort: task.workers === undefined,
      ...(hasStore && { database: join(this.directory, "updates.db") }),
      ...rest,
    };
    t.after(async () => {
      for (const connection of this.#connections) connection.destroy();
      await this.end("SIGKILL");
      rmSync(this.directory, { recursive: true, force: true });
    });
  }

  /** Starts two processes that listen: by `reusePort` where there is such a thing, else as workers of a cluster. */
  static async startTwo(
    t: TestContext,
    task: Partial<Task> & { readonly hasStore?: boolean } = {},
  ): Promise<SeveralProcesses> {
    const all = new SeveralProcesses(t, CAN_REUSE_PORT ? task : { workers: 2, ...task });
    await all.start();
    if (all.#task.workers === undefined) await all.start();
    await all.until(() => all.pids.length >= 2, "two processes that listen");
    return all;
  }

  /** Starts a primary and does not wait for its workers. */
  static startCluster(t: TestContext, task: Partial<Task> & { readonly workers: number }): SeveralProcesses {
    const all = new SeveralProcesses(t, task);
    all.#spawn();
    return all;
  }

  /** Starts one more process on the port, and resolves when it, or a worker of it, listens. */
  async start(): Promise<void> {
    const known = this.pids.length;
    this.#spawn();
    await this.until(() => this.pids.length > known, "a process that listens");
    this.#port = this.lines().find(({ listening }) => listening !== undefined)?.listening ?? 0;
  }

  get port(): number {
    return this.#port ||
      (this.#port = this.lines().find((line) => line.listening !== undefined)?.listening ?? 0);
  }

  /** Those that have listened, in the order in which they did. */
  get pids(): readonly number[] {
    return this.lines().filter(({ listening }) => listening !== undefined).map(({ pid }) => pid);
  }

  lines(): readonly JournalLine[] {
    return readFileSync(this.#task.journal, "utf8").split("\n").filter(Boolean).map((line) =>
      JSON.parse(line)
    );
  }

  /** What began and ended, in the order of the whole, such as `"began 1,2"`. */
  story(): readonly string[] {
    return this.lines().flatMap(({ began, ended }) =>
      began ? [`began ${began}`] : ended ? [`ended ${ended}`] : []
    );
  }

  /** The calls that were made with an update, albums in one: their ids, and how often it was tried before. */
  callsWith(id: number): readonly { readonly ids: readonly number[]; readonly attempt: number }[] {
    return this.lines().flatMap(({ began, attempt = 0 }) =>
      began?.includes(id) ? [{ ids: began, attempt }] : []
    );
  }

  /** Resolves once the journal is so. */
  until(isSo: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#wake = () => {};
        reject(new Error(`Too long while waiting for ${what}: ${JSON.stringify(this.lines())}`));
      }, PATIENCE_MS);
      this.#wake = () => {
        if (!isSo()) return;
        clearTimeout(deadline);
        this.#wake = () => {};
        resolve();
      };
      this.#wake();
    });
  }

  /** Resolves once an update was handled. */
  handled(id: number): Promise<void> {
    return this.until(() => this.lines().some(({ ended }) => ended?.includes(id)), `the end of ${id}`);
  }

  /** A connection, and the process that the system gave it to. */
  async connect(tls?: ConnectionOptions): Promise<{ connection: RawConnection; pid: number }> {
    const connection = await RawConnection.open(this.port, tls);
    this.#connections.push(connection);
    const known = this.lines().length;
    await connection.deliver({ method: "GET", body: "" });
    const refusal = () => this.lines().slice(known).find(({ refused }) => refused === 405);
    await this.until(() => refusal() !== undefined, "a refusal");
    return { connection, pid: refusal()?.pid ?? 0 };
  }

  /** A connection to this very process. */
  async connectTo(wanted: number | undefined, tls?: ConnectionOptions): Promise<RawConnection> {
    for (let patience = 200; patience > 0; patience--) {
      const { connection, pid } = await this.connect(tls);
      if (pid === wanted) return connection;
      connection.destroy();
    }
    return assert.fail(`No connection came to ${wanted}`);
  }

  /** A connection to each of the first two. */
  async connectToBoth(): Promise<readonly [RawConnection, RawConnection]> {
    const [first, second] = this.pids;
    return [await this.connectTo(first), await this.connectTo(second)];
  }

  /** Kills one of the processes, a worker too, and resolves when it has ended. */
  async kill(pid: number | undefined, signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    assert.ok(pid !== undefined && this.pids.includes(pid));
    process.kill(pid, signal);
    const own = this.#children.find((child) => child.pid === pid);
    if (own !== undefined) await own.ended;
    else await this.until(() => this.lines().some(({ exited }) => exited === pid), `the end of ${pid}`);
  }

  /** Sends a signal to all that were started here, and resolves with their exit codes, or the signals that ended them. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<(number | string | null)[]> {
    for (const { pid } of this.#children) {
      try {
        process.kill(pid, signal); // not ChildProcess.kill(), which on Deno sends no second one
      } catch {
        // It has ended.
      }
    }
    return await Promise.all(this.#children.map(({ ended }) => ended));
  }

  #spawn(): void {
    const script = fileURLToPath(new URL("./reuse_port_child.ts", import.meta.url));
    const task: Task = { ...this.#task, port: this.#port || this.#task.port };
    const child = spawn(process.execPath, [...LOADER, script], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, TELEHOOK_TASK: JSON.stringify(task) },
    });
    child.stdout.on("data", () => this.#wake());
    const ended = new Promise<number | string | null>((resolve) => {
      child.once("exit", (code, signal) => resolve(code ?? signal));
    });
    this.#children.push({ pid: child.pid ?? 0, ended });
  }
}
