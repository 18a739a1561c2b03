import process from "node:process";
import type { WebhookServer } from "../../mod.ts";
import { wrapCommand } from "../text/plain_text.ts";
import { describeUpdate } from "../describe/describe_update.ts";
import type { Output } from "./output.ts";
import { ownCommandLine } from "./usage_text.ts";

const KIND_WIDTH = 26;
const TOOK_WIDTH = 9;
const INDENT = " ".repeat(TOOK_WIDTH + 2 + KIND_WIDTH);

/** What the demo prints. */
export class DemoPage {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  /** The participants. */
  start(apiRoot: string, server: WebhookServer): void {
    const { paint } = this.#output;
    this.#lines(
      paint("bold", "telehook demo") +
        paint("dim", " · Telegram and your bot, both on this machine"),
      "",
      `  Telegram   ${paint("cyan", apiRoot)}  test server, delivers as Telegram does`,
      `  your bot   ${paint("cyan", server.url)}  on ${runtimeName()}`,
      "",
      paint("dim", `${"took".padStart(TOOK_WIDTH)}  ${"kind".padEnd(KIND_WIDTH)}what the handler received`),
    );
  }

  /** A handler received an update, that many milliseconds after it was sent. */
  update(update: object, tookMs: number): void {
    const { paint } = this.#output;
    const { kind, summary, parts } = describeUpdate(update);
    const took = `${tookMs < 10 ? tookMs.toFixed(1) : Math.round(tookMs)} ms`.padStart(TOOK_WIDTH);
    const isAlbum = parts.length > 0;
    const name = paint(isAlbum ? "green" : "cyan", kind.padEnd(KIND_WIDTH));
    this.#output.text(`${paint("dim", took)}  ${name}${summary}`, INDENT.length);
    for (const part of parts) this.#output.text(INDENT + part, INDENT.length + 3);
  }

  /** The bot returned a reply. */
  reply(text: string): void {
    this.#output.text(INDENT + this.#output.paint("dim", `↳ ${text}`), INDENT.length + 2);
  }

  /** The result, and what to do next. */
  end({ deliveries, handled, albums }: { deliveries: number; handled: number; albums: number }): void {
    const { paint } = this.#output;
    const telehook = ownCommandLine();
    this.#lines(
      "",
      `${
        paint("green", "✓")
      } ${deliveries} deliveries became ${handled} calls of your handlers: ${albums} albums ` +
        "merged, nothing lost, nothing twice, all in order.",
      paint(
        "dim",
        "  An album is complete when the next message of its chat arrives, or after a second without another part.",
      ),
      "",
      paint("bold", "The same with a real bot") + ", with the token that @BotFather gave you:",
      "",
    );
    this.#output.print(`  ${setVariable("BOT_TOKEN", "123456789:AA…")}`);
    this.#command(
      "behind a proxy with HTTPS",
      `${telehook} listen --url https://bot.example.org/hook --port 8080`,
    );
    this.#command(
      "on an IP address",
      `${telehook} listen --url https://203.0.113.7:8443/hook --self-signed`,
    );
    this.#command("what Telegram says about it", `${telehook} info`);
    this.#lines("", paint("bold", "And in your code:"), "");
    const name = process.versions.deno ? "@telehook/telehook" : "telehook";
    const code = [
      `import { setWebhookAndListen, updateHandlers } from "${name}";`,
      "",
      "const handlers = updateHandlers({",
      "  message: ({ message }) => console.log(message.text),",
      "  message_media_group: ({ message_media_group: album }) =>",
      "    console.log(album.messages.length),",
      "});",
      "await setWebhookAndListen(handlers, {",
      "  token: BOT_TOKEN,",
      '  webhook: { url: "https://bot.example.org/hook" },',
      "  port: 8080,",
      "});",
    ];
    for (const line of code) this.#output.print(line && `  ${line}`);
  }

  #lines(...lines: string[]): void {
    for (const line of lines) this.#output.text(line, 2);
  }

  /** A command line to copy, below what it is for. */
  #command(purpose: string, command: string): void {
    const { paint, columns } = this.#output;
    this.#output.print(paint("dim", `  # ${purpose}`));
    for (const line of wrapCommand(`  ${command}`, columns, 4)) this.#output.print(line);
  }
}

function setVariable(name: string, value: string): string {
  return process.platform === "win32" ? `set ${name}=${value}` : `export ${name}=${value}`;
}

function runtimeName(): string {
  const { deno, bun, node } = process.versions;
  return deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`;
}
