import { TelehookError } from "../errors/telehook_error.ts";

/** A request's body, and the headers that belong to it. */
export interface RequestBody {
  readonly body: string | FormData;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A call's parameters as the Bot API wants them: JSON, or `multipart/form-data` as soon as one of them is a
 * file. Parameters that are `undefined` or `null` are left out: the server would take `null` for the text
 * "null".
 *
 * @see https://core.telegram.org/bots/api#making-requests
 * @throws {TelehookError} `ERR_OPTION` when a parameter cannot be written
 */
export function requestBody(method: string, params: object): RequestBody {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== null);
  if (!given.some(([, value]) => isFile(value))) {
    const body = toJson(method, Object.fromEntries(given));
    return { body, headers: { "content-type": "application/json" } };
  }
  const body = new FormData();
  for (const [name, value] of given) {
    if (isFile(value)) appendFile(body, name, value);
    else body.append(name, typeof value === "string" ? value : toJson(method, value));
  }
  // The boundary is the runtime's to choose, so the content type is too.
  return { body, headers: {} };
}

function isFile(value: unknown): value is Blob | ArrayBuffer | ArrayBufferView {
  return value instanceof Blob || value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

// The server takes a part for a file when it has a file name, so every file gets one.
function appendFile(form: FormData, name: string, file: Blob | ArrayBuffer | ArrayBufferView): void {
  if (file instanceof File) form.append(name, file);
  else form.append(name, file instanceof Blob ? file : new Blob([bytesOf(file)]), name);
}

function bytesOf(file: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> {
  if (file instanceof ArrayBuffer) return new Uint8Array(file);
  return new Uint8Array(file.buffer, file.byteOffset, file.byteLength).slice();
}

function toJson(method: string, value: unknown): string {
  try {
    return JSON.stringify(
      value,
      function (this: Record<string, unknown>, key: string, inner: unknown): unknown {
        // Looked up again because a Buffer has turned itself into an array of numbers by now.
        const original = this[key];
        if (isFile(original)) throw new TypeError(`"${key}" is a file inside of another parameter`);
        return inner;
      },
    );
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "it cannot be written as JSON";
    const what = "give plain values, and a nested file as a parameter of its own, called attach://<its name>";
    throw new TelehookError("ERR_OPTION", `A parameter of "${method}" cannot be sent (${why}), ${what}`, {
      cause,
    });
  }
}
