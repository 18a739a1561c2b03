import type { Animation, PhotoSize } from "./media.ts";
import type { MessageEntity } from "./message_text.ts";

/** An emoji with a random value. [Bot API](https://core.telegram.org/bots/api#dice) */
export interface Dice {
  /** Which emoji; it decides the range. */
  emoji: string;
  /** 1 to 6 for dice, darts and bowling, 1 to 5 for balls, 1 to 64 for the slot machine. */
  value: number;
}

/** A game. [Bot API](https://core.telegram.org/bots/api#game) */
export interface Game {
  /** Its title. */
  title: string;
  /** What it is about. */
  description: string;
  /** The picture in the message, in several sizes. */
  photo: PhotoSize[];
  /** A short text, or the high scores. */
  text?: string;
  /** Formatting in `text`. */
  text_entities?: MessageEntity[];
  /** The animation in the message. */
  animation?: Animation;
}

/** Marks a button that starts the game; empty. [Bot API](https://core.telegram.org/bots/api#callbackgame) */
// deno-lint-ignore no-empty-interface
export interface CallbackGame {}
