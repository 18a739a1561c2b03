import type { MediaGroup, MediaGroupKind, ReceivedUpdate, UnknownUpdate } from "../../mod.ts";
import type { Scene } from "./demo_story.ts";

/** What a handler can receive. */
export type DemoUpdate = ReceivedUpdate | UnknownUpdate;

/** What a handler received. */
interface Heard {
  readonly handler: string;
  readonly update: DemoUpdate;
}

/** Remembers what the demo's handlers received, and compares it with what happened. */
export class DemoAudience {
  readonly #heard: Heard[] = [];
  #tell: () => void = () => {};

  /** A handler received an update. */
  hears(handler: string, update: DemoUpdate): void {
    this.#heard.push({ handler, update });
    this.#tell();
  }

  /** Resolves once the handlers have received that many updates. */
  hasHeard(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#tell = () => {
        if (this.#heard.length >= count) resolve();
      };
      this.#tell();
    });
  }

  /** Everything that is wrong, one sentence each. */
  complaints(scenes: readonly Scene[]): string[] {
    const positions = scenes.map((scene) => this.#heard.findIndex((heard) => isScene(heard, scene)));
    const lost = scenes.filter((_, index) => positions[index] === -1)
      .map(({ handler }) => `"${handler}" did not receive what was sent`);
    const unexpected = this.#heard.filter((heard) => !scenes.some((scene) => isScene(heard, scene)))
      .map(({ handler, update }) => `"${handler}" received something else: ${JSON.stringify(update)}`);
    const repeated = this.#heard.length > scenes.length ? ["something arrived twice"] : [];
    const outOfOrder = scenes.flatMap(({ handler, deliveries }, index) => {
      const queueOf = (scene: Scene | undefined) => scene?.deliveries[0]?.queue;
      const overtaken = scenes.slice(0, index).some((earlier, before) =>
        queueOf(earlier) === deliveries[0]?.queue && (positions[before] ?? 0) > (positions[index] ?? 0)
      );
      return overtaken ? [`"${handler}" was handled before something that was sent earlier`] : [];
    });
    const refused = scenes.flatMap(({ deliveries }) => deliveries)
      .filter(({ outcome, attempts }) => outcome !== "acknowledged" || attempts.length !== 1)
      .map(({ kind, outcome }) => `a delivery of "${kind}" was not acknowledged immediately (${outcome})`);
    return [...lost, ...unexpected, ...repeated, ...outOfOrder, ...refused];
  }
}

/** Whether it is exactly what was sent: the update itself, or all parts of the album in their order. */
function isScene({ handler, update }: Heard, { handler: expected, deliveries }: Scene): boolean {
  const sent = deliveries.map((delivery) => delivery.update);
  return handler === expected && JSON.stringify(updatesOf(update)) === JSON.stringify(sent);
}

/** The updates as Telegram sent them: this one, or all parts of the album. */
export function updatesOf(update: DemoUpdate): readonly { readonly update_id: number }[] {
  return albumOf(update)?.updates ?? [update];
}

function albumOf(update: DemoUpdate): MediaGroup | undefined {
  if (isKind(update, "message_media_group")) return update.message_media_group;
  return isKind(update, "channel_post_media_group") ? update.channel_post_media_group : undefined;
}

/** Only telehook makes these, so what has the name has the shape. */
function isKind<K extends MediaGroupKind>(update: object, kind: K): update is Record<K, MediaGroup> {
  return Object.hasOwn(update, kind);
}
