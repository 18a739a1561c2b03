/** What the Bot API takes for a file. */
export type BotApiFile = Blob | ArrayBuffer | ArrayBufferView;

/**
 * The parameters of a Bot API method as they are sent, in a call as in a webhook reply: JSON text, or a form
 * (`multipart/form-data`) as soon as a file is among them.
 *
 * Parameters that are `undefined` or `null` are left out: the server would read `null` as the text "null". A file that
 * is nested in a parameter, as in `media: [{ type: "photo", media: blob }]`, becomes a separate part, and
 * `attach://<its name>` takes its place.
 *
 * @see https://core.telegram.org/bots/api#making-requests
 * @throws {TypeError} If a value cannot be written as JSON.
 */
export function serializeParams(params: object): string | FormData {
  const plain = plainOf(params);
  const entries = Object.entries(plain);
  const given = entries.filter(([, value]) => value !== undefined && value !== null);
  if (!given.some(([, value]) => containsFile(value))) {
    return JSON.stringify(given.length === entries.length ? plain : Object.fromEntries(given));
  }
  const form = new FormData();
  const attached = new Map<string, BotApiFile>();
  const attach = (file: BotApiFile): string => {
    let index = attached.size;
    while (given.some(([name]) => name === `file${index}`) || attached.has(`file${index}`)) index++;
    attached.set(`file${index}`, file);
    return `attach://file${index}`;
  };
  for (const [name, value] of given) {
    if (isFile(value)) appendFile(form, name, value);
    else form.append(name, typeof value === "string" ? value : toJson(value, attach));
  }
  for (const [name, file] of attached) appendFile(form, name, file);
  return form;
}

/** A form as the bytes that are sent, and the content type that says where its parts end. */
export async function encodeForm(
  form: FormData,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; contentType: string }> {
  const response = new Response(form);
  const contentType = response.headers.get("content-type") ?? "multipart/form-data";
  return { bytes: new Uint8Array(await response.arrayBuffer()), contentType };
}

/** What an object with a `toJSON` method stands for. */
function plainOf(params: object): object {
  if (!("toJSON" in params) || typeof params.toJSON !== "function") return params;
  const plain: unknown = params.toJSON();
  if (typeof plain === "object" && plain !== null) return plain;
  throw new TypeError("its toJSON() does not return an object");
}

function isFile(value: unknown): value is BotApiFile {
  return value instanceof Blob || value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

function containsFile(value: unknown, seen?: Set<object>): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (isFile(value)) return true;
  if (seen?.has(value)) return false; // a ring, which JSON.stringify reports
  const all = (seen ?? new Set()).add(value);
  return Object.values(value).some((inner) => containsFile(inner, all));
}

// The server takes a part for a file when it has a file name, so every file gets one.
function appendFile(form: FormData, name: string, file: BotApiFile): void {
  if (file instanceof File) form.append(name, file);
  else form.append(name, file instanceof Blob ? file : new Blob([bytesOf(file)]), name);
}

function bytesOf(file: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> {
  if (file instanceof ArrayBuffer) return new Uint8Array(file);
  return new Uint8Array(file.buffer, file.byteOffset, file.byteLength).slice();
}

function toJson(value: unknown, attach: (file: BotApiFile) => string): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, inner: unknown) {
    // Looked up again because a Buffer has turned itself into an array of numbers by now.
    const original = this[key];
    return isFile(original) ? attach(original) : inner;
  });
}
