import type { Command } from "./command.ts";

/** The module of a command. */
export interface CommandModule {
  readonly command: Command;
}

/**
 * Every command, in the order in which one needs them. Only the module of the command that runs is loaded.
 *
 * To add a command, write one file that exports `command`, and add one line here. Its options are in its own `flags`;
 * those that several commands share are in `settings.ts`. The help, "did you mean", the check of option names and the
 * refusal of secrets on the command line follow from the table. Give each command a test in `tests/cli`.
 */
export const COMMANDS: Readonly<Record<string, () => Promise<CommandModule>>> = {
  demo: () => import("./demo.ts"),
  listen: () => import("./listen.ts"),
  poll: () => import("./poll.ts"),
  set: () => import("./set.ts"),
  info: () => import("./info.ts"),
  delete: () => import("./delete.ts"),
  send: () => import("./send.ts"),
  parked: () => import("./parked.ts"),
  replay: () => import("./replay.ts"),
  discard: () => import("./discard.ts"),
  cert: () => import("./cert.ts"),
};
