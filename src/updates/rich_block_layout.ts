import type { RichBlock } from "./rich_block.ts";
import type { RichMessageButton } from "./rich_message.ts";
import type { RichText } from "./rich_text.ts";

/** A list. [Bot API](https://core.telegram.org/bots/api#richblocklist) */
export interface RichBlockList {
  /** Tells the blocks apart. */
  type: "list";
  /** Its items. */
  items: RichBlockListItem[];
}

/** An item of a list. [Bot API](https://core.telegram.org/bots/api#richblocklistitem) */
export interface RichBlockListItem {
  /** What precedes it: a number or a bullet. */
  label: string;
  /** Its content. */
  blocks: RichBlock[];
  /** Has a checkbox. */
  has_checkbox?: true;
  /** The checkbox is ticked. */
  is_checked?: true;
  /** Its number in a numbered list. */
  value?: number;
  /** Small or capital letters, small or capital Roman numerals, or decimal numbers. */
  type?: "a" | "A" | "i" | "I" | "1";
}

/** A table. [Bot API](https://core.telegram.org/bots/api#richblocktable) */
export interface RichBlockTable {
  /** Tells the blocks apart. */
  type: "table";
  /** Rows of cells. */
  cells: RichBlockTableCell[][];
  /** Has borders. */
  is_bordered?: true;
  /** Has rows in two shades. */
  is_striped?: true;
  /** Is set tightly. */
  is_compact?: true;
  /** Its caption. */
  caption?: RichText;
}

/** A cell of a table. [Bot API](https://core.telegram.org/bots/api#richblocktablecell) */
export interface RichBlockTableCell {
  /** Its content; not visible if absent. */
  text?: RichText;
  /** Is a heading. */
  is_header?: true;
  /** Columns that it spans, if more than one. */
  colspan?: number;
  /** Rows that it spans, if more than one. */
  rowspan?: number;
  /** Horizontal alignment. */
  align: "left" | "center" | "right";
  /** Vertical alignment. */
  valign: "top" | "middle" | "bottom";
}

/** A row of buttons. [Bot API](https://core.telegram.org/bots/api#richblockbuttons) */
export interface RichBlockButtons {
  /** Tells the blocks apart. */
  type: "buttons";
  /** The buttons. */
  buttons: RichMessageButton[];
  /** Horizontal alignment. */
  align?: "left" | "center" | "right";
}
