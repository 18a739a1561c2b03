import { jsonOf } from "./parameters.ts";
import { DEFAULT_KINDS, UPDATE_KINDS } from "../update_kinds.ts";

/** Which kinds of update a bot asked for. They stay until another call names others, also after deleteWebhook. */
export class AllowedKinds {
  #kinds: ReadonlySet<string> = new Set(DEFAULT_KINDS);
  /** Names that no Bot API has yet: they change nothing, but a test may deliver them. */
  #unknown: ReadonlySet<string> = new Set();

  /** The kinds, or nothing when they are the default ones. */
  get list(): string[] | undefined {
    return this.#isDefault() ? undefined : UPDATE_KINDS.filter((kind) => this.#kinds.has(kind));
  }

  /**
   * Takes over the `allowed_updates` of a call. Left out or malformed it changes nothing; without a single known name
   * it means the default kinds.
   */
  update(parameter: unknown): void {
    const names = jsonOf(parameter);
    if (!Array.isArray(names) || names.some((name) => typeof name !== "string")) return;
    const kinds = names.map((name) => String(name).toLowerCase());
    const known = kinds.filter((kind) => UPDATE_KINDS.includes(kind));
    this.#kinds = new Set(known.length > 0 ? known : DEFAULT_KINDS);
    this.#unknown = new Set(kinds);
  }

  /** Whether an update of this kind is sent. One that no Bot API has yet comes with the default kinds. */
  has(kind: string): boolean {
    if (UPDATE_KINDS.includes(kind)) return this.#kinds.has(kind);
    return this.#isDefault() || this.#unknown.has(kind);
  }

  #isDefault(): boolean {
    return this.#kinds.size === DEFAULT_KINDS.length && DEFAULT_KINDS.every((kind) => this.#kinds.has(kind));
  }
}
