import process from "node:process";
import type { WebhookServer } from "../../mod.ts";
import { describeUpdate } from "./describe_update.ts";
import type { Output } from "./output.ts";
import { ownCommandLine } from "./own_command_line.ts";

const KIND_WIDTH = 26;
const TOOK_WIDTH = 9;
const INDENT = " ".repeat(TOOK_WIDTH + 2 + KIND_WIDTH);

/** What the demo prints. */
export class DemoPage {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Who takes part. */
  start(apiRoot: string, server: WebhookServer): void {
    const { paint } = this.#output;
    this.#lines(
      paint("bold", "telehook demo") +
        paint("dim", " · Telegram and your bot, both on this machine, no network needed"),
      "",
      `  Telegram   ${paint("cyan", apiRoot)}  a test Bot API server that delivers as Telegram's does`,
      `  your bot   ${paint("cyan", server.url)}  setWebhookAndListen() on ${runtimeName()}`,
      "",
      paint("dim", `${"took".padStart(TOOK_WIDTH)}  ${"kind".padEnd(KIND_WIDTH)}what the handler got`),
    );
  }

  /** A handler got an update, so long after it was sent. */
  update(update: object, tookMs: number): void {
    const { paint } = this.#output;
    const { kind, summary, parts } = describeUpdate(update);
    const took = `${tookMs < 10 ? tookMs.toFixed(1) : Math.round(tookMs)} ms`.padStart(TOOK_WIDTH);
    const isAlbum = parts.length > 0;
    const name = paint(isAlbum ? "green" : "cyan", kind.padEnd(KIND_WIDTH));
    this.#lines(`${paint("dim", took)}  ${name}${summary}`, ...parts.map((part) => INDENT + part));
  }

  /** The bot replied within its answer. */
  reply(text: string): void {
    this.#lines(INDENT + this.#output.paint("dim", `↳ ${text}`));
  }

  /** What it came to, and what to do next. */
  end({ deliveries, handled, albums }: { deliveries: number; handled: number; albums: number }): void {
    const { paint } = this.#output;
    const telehook = ownCommandLine();
    this.#lines(
      "",
      `${
        paint("green", "✓")
      } ${deliveries} deliveries became ${handled} calls of your handlers: ${albums} albums merged, ` +
        "nothing lost, nothing twice, all in order.",
      paint(
        "dim",
        "  An album is complete when the next message of its chat comes, or after a second without another part.",
      ),
      "",
      paint("bold", "The same with a real bot") + ", whose token @BotFather shows you:",
      "",
      `  ${setVariable("BOT_TOKEN", "123456789:AA…")}`,
      `  ${telehook} listen --url https://bot.example.org/hook --port 8080      ${
        paint("dim", "behind a proxy with HTTPS")
      }`,
      `  ${telehook} listen --url https://203.0.113.7:8443/hook --self-signed   ${
        paint("dim", "on a bare IP address")
      }`,
      `  ${telehook} info                                                       ${
        paint("dim", "what Telegram says about it")
      }`,
      "",
      paint("bold", "And in your code:"),
      "",
      `  import { setWebhookAndListen, updateHandlers } from "${
        process.versions.deno ? "@telehook/telehook" : "telehook"
      }";`,
      "",
      "  await setWebhookAndListen(",
      "    updateHandlers({",
      "      message: ({ message }) => console.log(message.text),",
      "      message_media_group: ({ message_media_group: album }) => console.log(album.messages.length),",
      "    }),",
      '    { token: BOT_TOKEN, webhook: { url: "https://bot.example.org/hook" }, port: 8080 },',
      "  );",
    );
  }

  #lines(...lines: string[]): void {
    for (const line of lines) this.#output.print(line);
  }
}

function setVariable(name: string, value: string): string {
  return process.platform === "win32" ? `set ${name}=${value}` : `export ${name}=${value}`;
}

function runtimeName(): string {
  const { deno, bun, node } = process.versions;
  return deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`;
}
