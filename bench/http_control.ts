/** What bench/http.ts asks a server process through its standard input, and is told. */
export interface ServerState {
  /** Updates that reached the handler. */
  readonly seen: number;
  /** Milliseconds of processor time that the process has used. */
  readonly cpuMs: number;
}

/** The certificate to serve HTTPS with, if that is what is measured. */
export function tlsFromEnvironment(): { readonly cert: string; readonly key: string } | undefined {
  const { BENCH_CERT: cert, BENCH_KEY: key } = globalThis.process.env;
  return cert && key ? { cert, key } : undefined;
}

/** Says where the server listens, and from then on how it is, once for each line that comes in. */
export function tell(port: number, seen: () => number): void {
  const { process } = globalThis;
  console.log(port);
  process.stdin.on("data", () => {
    console.log(JSON.stringify(stateOf(seen())));
  });
  process.stdin.on("end", () => process.exit()); // whoever asked is gone, and nothing is to be left behind
}

/** The state of this process, which has handled so many updates. */
export function stateOf(seen: number): ServerState {
  const { user, system } = globalThis.process.cpuUsage();
  return { seen, cpuMs: (user + system) / 1_000 };
}

/** The state of several processes together. */
export function total(states: readonly ServerState[]): ServerState {
  const sum = (field: keyof ServerState) => states.reduce((all, state) => all + state[field], 0);
  return { seen: sum("seen"), cpuMs: sum("cpuMs") };
}
