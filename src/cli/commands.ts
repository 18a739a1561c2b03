import type { Command } from "./command.ts";

interface CommandEntry {
  /** What it does, in a few words. */
  readonly summary: string;
  /** Loads it: only the command that runs is read. */
  readonly load: () => Promise<Command>;
}

/** Every command, in the order in which one needs them. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  demo: {
    summary: "A conversation on this machine: a test Bot API server delivers, handlers get, albums merged",
    load: async () => (await import("./demo.ts")).demo,
  },
  listen: {
    summary: "Serve a webhook and print the updates that come",
    load: async () => (await import("./listen.ts")).listen,
  },
  set: {
    summary: "Tell Telegram where to deliver updates",
    load: async () => (await import("./set.ts")).set,
  },
  info: {
    summary: "What Telegram says about the webhook, what is wrong with it and what to do",
    load: async () => (await import("./info.ts")).info,
  },
  delete: {
    summary: "Tell Telegram to stop delivering",
    load: async () => (await import("./delete.ts")).deleteWebhook,
  },
  send: {
    summary: "Post one update to a webhook as Telegram would, and explain the answer",
    load: async () => (await import("./send.ts")).send,
  },
  cert: {
    summary: "Make a certificate that Telegram verifies, for a bare IP address or a host name",
    load: async () => (await import("./cert.ts")).cert,
  },
};
