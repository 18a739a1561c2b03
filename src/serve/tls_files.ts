import { nodeBuiltin } from "../platform/node_builtin.ts";
import { readFile } from "../platform/read_file.ts";
import { unrefTimer } from "../platform/unref_timer.ts";
import type { TlsFiles } from "./tls_options.ts";
import type { PemPair } from "./transport.ts";

interface FileSystem {
  stat(path: string | URL): Promise<FileState>;
}

interface FileState {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** A certificate and its key, and the state of the files just before they were read. */
export interface ReadPair {
  readonly pair: PemPair;
  readonly state: string;
}

/**
 * How often the files are checked, in milliseconds. Unlike notifications of the system, this also works for renamed
 * files, links to links, and network and container mounts.
 */
const CHECK_MS = 1_000;

/**
 * Reads a certificate and its key from files.
 *
 * @throws {TelehookError} `ERR_FILE` if a file cannot be read (the message names the option and the file), `ERR_TLS` if
 * the pair cannot be used (the message names the file).
 */
export async function readTlsFiles(files: TlsFiles): Promise<ReadPair> {
  const { certFile, keyFile, passphrase } = files;
  const state = await stateOf(files); // before reading: what is written meanwhile is found at the next check
  const { checkKeyPair } = await import("../tls/key_pair.ts");
  const [cert, key] = await Promise.all([readFile(certFile, "certFile"), readFile(keyFile, "keyFile")]);
  const decoder = new TextDecoder();
  const pair = await checkKeyPair(
    { cert: decoder.decode(cert), key: decoder.decode(key), passphrase },
    { cert: String(certFile), key: String(keyFile) },
  );
  return { pair, state };
}

/**
 * Checks the files until it is stopped, and passes on each new pair that can be used. It keeps no process alive.
 *
 * @param files The paths of the pair.
 * @param state The state of the files when they were last read.
 * @param use Serves a pair from now on.
 * @param reject Is told once why a pair cannot be used, and again when the files have changed.
 * @returns A function that stops it.
 */
export function watchTlsFiles(
  files: TlsFiles,
  state: string,
  use: (pair: PemPair) => Promise<void>,
  reject: (error: unknown) => void,
): () => void {
  let served = state;
  let rejected = "";
  let failures = 0;
  let isStopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const check = async () => {
    const found = await stateOf(files);
    try {
      if (found !== served) {
        const read = await readTlsFiles(files);
        if (isStopped) return;
        await use(read.pair);
        served = read.state;
      }
      failures = 0;
    } catch (error) {
      // The first failure is most likely a renewal that has written only one of the two files. The second is reported.
      // Later ones would repeat it, until the files change again.
      if (found !== rejected) failures = 0;
      rejected = found;
      if (++failures === 2 && !isStopped) reject(error);
    }
    if (!isStopped) next();
  };
  const next = () => {
    timer = setTimeout(check, CHECK_MS);
    unrefTimer(timer);
  };
  next();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** A text that differs between versions of the files. A missing file is not an error here: reading reports it. */
async function stateOf({ certFile, keyFile }: TlsFiles): Promise<string> {
  const { stat } = nodeBuiltin<FileSystem>("node:fs/promises");
  const describe = ({ ino, size, mtimeMs, ctimeMs }: FileState) => [ino, size, mtimeMs, ctimeMs].join();
  const states = await Promise.all(
    [certFile, keyFile].map((file) => stat(file).then(describe, () => "none")),
  );
  return states.join(" ");
}
