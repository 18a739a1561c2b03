const utf8 = new TextEncoder();

/** A body, and what it is answered with. */
export interface Body {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly status: 200 | 400;
  /** What the answer says. */
  readonly says: RegExp;
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const HEAD = '{"update_id":1,"message":{"text":"';
const MESSAGE = '{"update_id":1,"message":{"text":"x"}}';

/** Bytes of text, and of numbers between. */
function bytes(...parts: (string | Iterable<number>)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...(typeof part === "string" ? utf8.encode(part) : part)]));
}

/** A message whose text is these bytes. */
export function messageOf(...text: number[]): Uint8Array<ArrayBuffer> {
  return bytes(HEAD, text, '"}}');
}

function nested(depth: number): string {
  return `{"update_id":1,"message":{"x":${"[".repeat(depth)}${"]".repeat(depth)}}}`;
}

function taken(what: string, body: string | Uint8Array): Body {
  return { what, bytes: typeof body === "string" ? utf8.encode(body) : body, status: 200, says: /^$/ };
}

function refused(
  says: RegExp,
  entries: readonly (readonly [what: string, body: string | Uint8Array])[],
): Body[] {
  return entries.map(([what, body]) => ({ ...taken(what, body), status: 400, says }));
}

/** Texts that are not UTF-8. */
export const NOT_UTF8: readonly (readonly [what: string, text: readonly number[]])[] = [
  ["a byte that is never UTF-8", [0xff]],
  ["a lone continuation", [0x80]],
  ["a character cut short", [0xe2, 0x9c]],
  ["a character cut after three of its four bytes", [0xf0, 0x9f, 0x98]],
  ["an overlong slash", [0xc0, 0xaf]],
  ["an overlong zero", [0xe0, 0x80, 0x80]],
  ["a surrogate", [0xed, 0xa0, 0xbd]],
  ["a surrogate pair, as CESU-8 has it", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ["a character beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
  ["five bytes for one character", [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ["Latin-1", [0xc4]],
];

/** Every kind of body that somebody may post. */
export const BODIES: readonly Body[] = [
  taken("a message", MESSAGE),
  taken("a message with white space around", ` \t\r\n${MESSAGE}\n`),
  taken("a byte order mark", bytes(BYTE_ORDER_MARK, MESSAGE)),
  taken("every width of UTF-8", messageOf(0x41, 0xc3, 0xa4, 0xe2, 0x9c, 0x93, 0xf0, 0x9f, 0x98, 0x80)),
  taken("a zero character, escaped", '{"update_id":1,"message":{"text":"\\u0000"}}'),
  taken("half of a surrogate pair, escaped", '{"update_id":1,"message":{"text":"\\ud83d"}}'),
  taken("a kind that nobody knows", '{"update_id":1,"telepathy":{"thought":1}}'),
  taken("a field that is no kind before the kind", '{"update_id":1,"_trace":"x","message":{}}'),
  taken(
    "fields that are no kind around one that nobody knows",
    '{"_a":1,"update_id":1,"telepathy":{},"_b":[]}',
  ),
  taken("a kind called constructor", '{"update_id":1,"constructor":{"x":1}}'),
  taken("a kind called __proto__", '{"update_id":1,"__proto__":{"x":1}}'),
  taken("a kind called toString, and nothing in it", '{"update_id":1,"toString":{}}'),
  taken("a kind with an empty name", '{"update_id":1,"":{}}'),
  taken("a kind that is a number", '{"update_id":1,"0":{}}'),
  taken("the kind first", '{"message":{},"update_id":1}'),
  taken("two kinds", '{"update_id":1,"message":{},"poll":{}}'),
  taken("an identifier of 0", '{"update_id":0,"message":{}}'),
  taken("the largest identifier that a number holds", '{"update_id":9007199254740991,"message":{}}'),
  taken("an identifier with an exponent", '{"update_id":1e2,"message":{}}'),
  taken(
    "keys twice, of which the last counts",
    '{"update_id":"x","update_id":1,"message":null,"message":{}}',
  ),
  taken("3,000-fold nesting", nested(3_000)),
  taken("100,000-fold nesting", nested(100_000)),
  taken(
    "a hundred thousand keys",
    `{"update_id":1,"message":{${Array.from({ length: 100_000 }, (_, i) => `"${i}":0`)}}}`,
  ),

  // As the platforms decode JSON: U+FFFD is where the bytes are not UTF-8.
  ...NOT_UTF8.map(([what, text]) => taken(what, messageOf(...text))),

  ...refused(/^The body is not valid JSON\n$/, [
    ["UTF-16", Uint8Array.from([0xff, 0xfe, ...MESSAGE].flatMap((each) => [Number(each) || 0x7b, 0]))],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3)],
    ["half of a character behind", bytes(MESSAGE, [0xf0, 0x9f, 0x98])],
    ["nothing", ""],
    ["white space", " \n"],
    ["a byte order mark alone", bytes(BYTE_ORDER_MARK)],
    ["two byte order marks, and half of it", bytes(BYTE_ORDER_MARK, BYTE_ORDER_MARK, MESSAGE.slice(0, -1))],
    ["half", MESSAGE.slice(0, -1)],
    ["something behind", `${MESSAGE}x`],
    ["two updates", `${MESSAGE}\n${MESSAGE}`],
    ["a comma too many", '{"update_id":1,"message":{},}'],
    ["single quotes", "{'update_id':1,'message':{}}"],
    ["a comment", `/* hello */${MESSAGE}`],
    ["NaN", '{"update_id":NaN,"message":{}}'],
    ["a number in hexadecimal", '{"update_id":0x1,"message":{}}'],
    ["a number with a zero before", '{"update_id":01,"message":{}}'],
    ["a line break in a text", messageOf(0x0a)],
    ["a zero byte in a text", messageOf(0x00)],
    ["a zero byte behind", `${MESSAGE}\0`],
    ["a wrong escape", '{"update_id":1,"message":{"text":"\\x41"}}'],
    ["open brackets without end", "[".repeat(100_000)],
    ["open objects without end", '{"a":'.repeat(100_000)],
    ["a form", "update_id=1&message=x"],
    ["a page", "<html></html>"],
  ]),

  ...refused(/^The body is an answer of getUpdates: .*\n$/, [
    ["an answer of getUpdates", `{"ok":true,"result":[${MESSAGE}]}`],
    ["an empty answer of getUpdates", '{"ok":true,"result":[]}'],
  ]),

  ...refused(/^The body is not an Update: .*\n$/, [
    ["null", "null"],
    ["true", "true"],
    ["a number", "42"],
    ["a text", '"update"'],
    ["an array", "[]"],
    ["an update in an array", `[${MESSAGE}]`],
    ["deep nesting of nothing", "[".repeat(3_000) + "]".repeat(3_000)],
    ["an empty object", "{}"],
    ["an error of the Bot API", '{"ok":false,"error_code":409,"description":"Conflict"}'],
    ["no identifier", '{"message":{}}'],
    ["an identifier that is text", '{"update_id":"1","message":{}}'],
    ["an identifier with a fraction", '{"update_id":1.5,"message":{}}'],
    ["a negative identifier", '{"update_id":-1,"message":{}}'],
    ["an identifier of 2^53", '{"update_id":9007199254740992,"message":{}}'],
    ["an identifier of 10^400", '{"update_id":1e400,"message":{}}'],
    ["an identifier that is null", '{"update_id":null,"message":{}}'],
    ["an identifier that is true", '{"update_id":true,"message":{}}'],
    ["an identifier in an array", '{"update_id":[1],"message":{}}'],
    ["an identifier in the prototype", '{"__proto__":{"update_id":1},"message":{}}'],
    ["no kind", '{"update_id":1}'],
    ["a kind that nobody knows, which is not an object", '{"update_id":1,"telepathy":null}'],
    ["fields of which none can be a kind", '{"update_id":1,"a":"x","b":5,"c":[{}],"d":null,"e":true}'],
    ["a kind that is null", '{"update_id":1,"message":null}'],
    ["a kind that is an array", '{"update_id":1,"message":[]}'],
    ["a kind that is text", '{"update_id":1,"message":"hello"}'],
    ["a kind that is a number", '{"update_id":1,"callback_query":5}'],
    ["a kind that is false", '{"update_id":1,"poll":false}'],
    ["a good kind beside a bad one", '{"update_id":1,"message":{},"poll":null}'],
    ["keys twice, of which the last does not do", '{"update_id":1,"message":{},"message":null}'],
  ]),
];
