import { nodeBuiltin } from "../platform/node_builtin.ts";
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

/** A pair, and what the files looked like just before it was read. */
export interface ReadPair {
  readonly pair: PemPair;
  readonly state: string;
}

/**
 * How often files are looked at, in milliseconds. Looking works for renamed files, links to links, and network and
 * container mounts alike, where notifications of the system do not.
 */
const LOOK_MS = 1_000;

/**
 * Reads a certificate and its key from files.
 *
 * @throws {TelehookError} `ERR_FILE` if a file cannot be read, which names its option too, `ERR_TLS` if the pair cannot
 * be used; both name the file.
 */
export async function readTlsFiles(files: TlsFiles): Promise<ReadPair> {
  const { certFile, keyFile, passphrase } = files;
  const state = await stateOf(files); // before reading: what is written meanwhile shows at the next look
  const [{ readFile }, { checkKeyPair }] = await Promise.all([
    import("../tls/read_file.ts"),
    import("../tls/key_pair.ts"),
  ]);
  const [cert, key] = await Promise.all([readFile(certFile, "certFile"), readFile(keyFile, "keyFile")]);
  const decoder = new TextDecoder();
  const pair = await checkKeyPair(
    { cert: decoder.decode(cert), key: decoder.decode(key), passphrase },
    { cert: String(certFile), key: String(keyFile) },
  );
  return { pair, state };
}

/**
 * Looks at the files until told to stop, and hands over each new pair that can be used. It keeps no process alive.
 *
 * @param files Where the pair is.
 * @param state What the files looked like when they were last read.
 * @param use Serves a pair from now on.
 * @returns What stops it.
 */
export function watchTlsFiles(
  files: TlsFiles,
  state: string,
  use: (pair: PemPair) => Promise<void>,
): () => void {
  let served = state;
  let failures = 0;
  let isStopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = async () => {
    try {
      if (await stateOf(files) !== served) {
        const read = await readTlsFiles(files);
        if (isStopped) return;
        await use(read.pair);
        served = read.state;
      }
      failures = 0;
    } catch (error) {
      // One failure is most likely a renewal that has written one file of the two. Later ones repeat what was said.
      if (++failures === 2 && !isStopped) {
        console.error("The renewed certificate is not used; the one before stays:", error);
      }
    }
    if (!isStopped) next();
  };
  const next = () => {
    timer = setTimeout(look, LOOK_MS);
    unrefTimer(timer);
  };
  next();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** What tells one version of the files from another, or from none: reading says what is wrong with that. */
async function stateOf({ certFile, keyFile }: TlsFiles): Promise<string> {
  const { stat } = nodeBuiltin<FileSystem>("node:fs/promises");
  const describe = ({ ino, size, mtimeMs, ctimeMs }: FileState) => [ino, size, mtimeMs, ctimeMs].join();
  const states = await Promise.all(
    [certFile, keyFile].map((file) => stat(file).then(describe, () => "none")),
  );
  return states.join(" ");
}
