import type { TestContext } from "node:test";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { X509Certificate } from "node:crypto";
import { RawConnection, textUpdate } from "./raw_connection.ts";

/** The fingerprint of the certificate that a new connection sees. */
export async function shownBy(port: number): Promise<string> {
  const connection = await RawConnection.open(port, { rejectUnauthorized: false });
  try {
    return (connection.socket as TLSSocket).getPeerCertificate().fingerprint256;
  } finally {
    connection.destroy();
  }
}

/** The fingerprint of the first certificate in PEM text. */
export function fingerprint(cert: string): string {
  return new X509Certificate(cert).fingerprint256;
}

/** Clients that deliver one update after the other, each on a separate connection as long as the server keeps it. */
export interface Load {
  readonly answered: number;
  /** Connections that the server has ended, having said so with an answer. */
  readonly ended: number;
  readonly failures: readonly unknown[];
  /** Resolves when every client has had so many more answers, or has failed. */
  more(answers: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts to deliver on so many connections, and resolves when every one has its first answer. */
export async function load(t: TestContext, port: number, clients: number): Promise<Load> {
  const options: ConnectionOptions = { rejectUnauthorized: false };
  const answers = new Array<number>(clients).fill(0);
  const failures: unknown[] = [];
  let isStopping = false;
  let ended = 0;
  let nextUpdate = 1;
  let wake = () => {};
  const client = async (index: number) => {
    let connection: RawConnection | undefined;
    try {
      while (!isStopping) {
        connection ??= await RawConnection.open(port, options);
        const id = nextUpdate++;
        const { status, headers } = await connection.deliver({ update: textUpdate(id, "hello", id) });
        if (status !== 200) throw new Error(`Status ${status}`);
        answers[index] = (answers[index] ?? 0) + 1;
        wake();
        if (headers.get("connection")?.toLowerCase() !== "close") continue;
        connection.destroy();
        connection = undefined;
        ended++;
      }
    } catch (error) {
      failures.push(error);
      wake();
    } finally {
      connection?.destroy();
    }
  };
  const running = Array.from(answers.keys(), client);
  const more = async (count: number) => {
    const goals = answers.map((each) => each + count);
    while (failures.length === 0 && answers.some((each, i) => each < (goals[i] ?? 0))) {
      await new Promise<void>((resolve) => wake = resolve);
    }
  };
  const stop = async () => {
    isStopping = true;
    await Promise.all(running);
  };
  t.after(stop);
  await more(1);
  return {
    get answered() {
      return answers.reduce((sum, each) => sum + each, 0);
    },
    get ended() {
      return ended;
    },
    failures,
    more,
    stop,
  };
}
