import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

// What TypeScript makes of our types is the same on every runtime: Node has the compiler at hand.
const skip = "Deno" in globalThis || "Bun" in globalThis;

const root = fileURLToPath(new URL("../../", import.meta.url));
const path = `${root}tests/dispatch/edited.ts`;

const KINDS = [
  "message",
  "edited_message",
  "channel_post",
  "callback_query",
  "inline_query",
  "poll",
  "chat_member",
  "my_chat_member",
  "message_reaction",
  "message_media_group",
];
const FIELDS = [
  "photo",
  "text",
  "video",
  "document",
  "audio",
  "voice",
  "sticker",
  "location",
  "contact",
  "dice",
  "new_chat_members",
  "left_chat_member",
  "pinned_message",
  "successful_payment",
  "web_app_data",
  "caption",
  "entities",
  "reply_to_message",
  "forward_origin",
  "via_bot",
];

const PLAIN_FUNCTION = `import { webhook } from "../../mod.ts";
webhook((update) => console.log(update.update_id), { secretToken: null });
`;
const THIRTY_HANDLERS = `import { updateHandlers, webhook } from "../../mod.ts";
const bot = updateHandlers({
${KINDS.map((kind) => `  ${kind}(update) { console.log(update.${kind}); },`).join("\n")}
${
  FIELDS.map((field) => `  "message:${field}"({ message }) { console.log(message.chat, message.${field}); },`)
    .join("\n")
}
});
webhook(bot, { secretToken: null });
`;

/** An editor with one file open. */
function openEditor() {
  const ts: typeof import("typescript") = createRequire(import.meta.url)("typescript");
  const config = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  let text = "";
  let version = 0;
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [path],
    getScriptVersion: (name) => name === path ? `${version}` : "0",
    getScriptSnapshot(name) {
      const content = name === path ? text : ts.sys.readFile(name);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (name) => name === path || ts.sys.fileExists(name),
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  });
  const write = (newText: string) => {
    text = newText;
    version++;
    return service;
  };
  return {
    /** What it shows for the place that `‸` marks. */
    hover(marked: string): string {
      const at = marked.indexOf("‸");
      const info = write(marked.replace("‸", "")).getQuickInfoAtPosition(path, at);
      return ts.displayPartsToString(info?.displayParts).replace(/\s+/g, " ");
    },
    /** What it offers at the place that `‸` marks. */
    complete(marked: string): string[] {
      const at = marked.indexOf("‸");
      const offered = write(marked.replace("‸", "")).getCompletionsAtPosition(path, at, {});
      return offered?.entries.map(({ name }) => name) ?? [];
    },
    /** What it finds wrong, and how much work that was, in a unit that does not depend on the machine. */
    check(newText: string): { errors: unknown[]; instantiations: number } {
      const program = write(newText).getProgram();
      const errors = program?.getSemanticDiagnostics(program.getSourceFile(path)) ?? [];
      return {
        errors: errors.map(({ messageText }) => messageText),
        instantiations: program?.getInstantiationCount() ?? NaN,
      };
    },
  };
}

describe("an editor", { skip }, () => {
  const imports = 'import { updateHandlers, updateStreams } from "../../mod.ts";\n';
  const editor = skip ? undefined : openEditor();
  const hover = (code: string) => editor?.hover(imports + code);

  it("shows what a person can read", () => {
    assert.equal(
      hover('updateHandlers({ "message:photo"({ ‸message }) { message.photo } })'),
      '(parameter) message: Message & Required<Pick<Message, "photo">>',
    );
    assert.equal(
      hover('updateHandlers({ "message:photo"({ message }) { message.‸photo } })'),
      "(property) Message.photo: PhotoSize[]",
    );
    assert.equal(
      hover('‸updateHandlers({ "message:photo"({ message }) { message.photo } })'),
      '(alias) updateHandlers<"message:photo">(handlers: CheckedHandlers<"message:photo">): UpdateReceiver ' +
        "import updateHandlers",
    );
    assert.equal(
      hover('updateHandlers({ "message_media_group:video": ({ ‸message_media_group }) => {} })'),
      '(parameter) message_media_group: MediaGroupWith<"video">',
    );
    assert.equal(
      hover('const ‸posts = updateStreams().on("message", "channel_post");'),
      "const posts: UpdateStream<{ update_id: number; message: Message; } | " +
        "{ update_id: number; channel_post: Message; }>",
    );
  });

  it("says which filters are near a misspelt one, and not all there are", () => {
    const wrong: Record<string, string> = {
      "message:phto": "Did you mean message:photo?",
      "mesage": "Did you mean message?",
      "mesage:text": "Did you mean message:text?",
      "message_media_group:videos": "Did you mean message_media_group:video?",
      "message:qqqqqq": "There is no qqqqqq",
      "message:phto:caption": "Did you mean message:photo:caption?",
      "message:photo:text": "the second field must be caption, from or reply_to_message",
    };
    for (const [name, hint] of Object.entries(wrong)) {
      const code = 'import { updateHandlers } from "../../mod.ts";\n' +
        `updateHandlers({ poll: ({ poll }) => void poll.id, ${JSON.stringify(name)}: () => {} });\n`;
      const errors = editor?.check(code).errors.map((error) => String(error));
      assert.equal(errors?.length, 1, name);
      assert.match(errors?.[0] ?? "", /^Type '\(\) => void' is not assignable to type '".{0,120}"'\.$/);
      assert.ok(errors?.[0]?.includes(hint), errors?.[0]);
    }
  });

  it("offers every filter", () => {
    const inHandlers = editor?.complete(`${imports}updateHandlers({ "‸" })`) ?? [];
    const inStreams = editor?.complete(`${imports}updateStreams().on("‸")`) ?? [];
    for (const name of ["message", "message:photo", "callback_query:data", "message_media_group:video"]) {
      assert.ok(inHandlers.includes(name), `handlers: ${name}`);
      assert.ok(inStreams.includes(name), `streams: ${name}`);
    }
  });

  it("checks a bot of thirty handlers with at most half as much work again as a plain function", () => {
    const [none, thirty] = [editor?.check(PLAIN_FUNCTION), editor?.check(THIRTY_HANDLERS)];
    assert.deepEqual([none?.errors, thirty?.errors], [[], []]);
    const ratio = Number(thirty?.instantiations) / Number(none?.instantiations);
    assert.ok(ratio <= 1.5, `${ratio} times as much`);
  });
});
