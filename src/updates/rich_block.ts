import type { RichBlockButtons, RichBlockList, RichBlockTable } from "./rich_block_layout.ts";
import type {
  RichBlockAnimation,
  RichBlockAudio,
  RichBlockCollage,
  RichBlockDocument,
  RichBlockMap,
  RichBlockPhoto,
  RichBlockSlideshow,
  RichBlockVideo,
  RichBlockVoiceNote,
} from "./rich_block_media.ts";
import type { RichText } from "./rich_text.ts";

/** A block of a rich message. [Bot API](https://core.telegram.org/bots/api#richblock) */
export type RichBlock =
  | RichBlockParagraph
  | RichBlockSectionHeading
  | RichBlockPreformatted
  | RichBlockFooter
  | RichBlockDivider
  | RichBlockMathematicalExpression
  | RichBlockAnchor
  | RichBlockList
  | RichBlockBlockQuotation
  | RichBlockExpandableBlockQuotation
  | RichBlockPullQuotation
  | RichBlockCollage
  | RichBlockSlideshow
  | RichBlockTable
  | RichBlockDetails
  | RichBlockMap
  | RichBlockButtons
  | RichBlockAnimation
  | RichBlockAudio
  | RichBlockDocument
  | RichBlockPhoto
  | RichBlockVideo
  | RichBlockVoiceNote
  | RichBlockThinking;

/** A paragraph. [Bot API](https://core.telegram.org/bots/api#richblockparagraph) */
export interface RichBlockParagraph {
  /** Tells the blocks apart. */
  type: "paragraph";
  /** The text. */
  text: RichText;
}

/** A heading. [Bot API](https://core.telegram.org/bots/api#richblocksectionheading) */
export interface RichBlockSectionHeading {
  /** Tells the blocks apart. */
  type: "heading";
  /** The text. */
  text: RichText;
  /** 1 for the largest to 6 for the smallest. */
  size: number;
}

/**
 * Code, or other text with its line breaks.
 * [Bot API](https://core.telegram.org/bots/api#richblockpreformatted)
 */
export interface RichBlockPreformatted {
  /** Tells the blocks apart. */
  type: "pre";
  /** The text. */
  text: RichText;
  /** The programming language. */
  language?: string;
}

/** A footer. [Bot API](https://core.telegram.org/bots/api#richblockfooter) */
export interface RichBlockFooter {
  /** Tells the blocks apart. */
  type: "footer";
  /** The text. */
  text: RichText;
}

/** A line across. [Bot API](https://core.telegram.org/bots/api#richblockdivider) */
export interface RichBlockDivider {
  /** Tells the blocks apart. */
  type: "divider";
}

/** A formula. [Bot API](https://core.telegram.org/bots/api#richblockmathematicalexpression) */
export interface RichBlockMathematicalExpression {
  /** Tells the blocks apart. */
  type: "mathematical_expression";
  /** In LaTeX. */
  expression: string;
}

/** A place that links can lead to. [Bot API](https://core.telegram.org/bots/api#richblockanchor) */
export interface RichBlockAnchor {
  /** Tells the blocks apart. */
  type: "anchor";
  /** Its name. */
  name: string;
}

/** A quotation made of blocks. [Bot API](https://core.telegram.org/bots/api#richblockblockquotation) */
export interface RichBlockBlockQuotation {
  /** Tells the blocks apart. */
  type: "blockquote";
  /** The content. */
  blocks: RichBlock[];
  /** Who is quoted. */
  credit?: RichText;
}

/**
 * A quotation that is folded until tapped.
 * [Bot API](https://core.telegram.org/bots/api#richblockexpandableblockquotation)
 */
export interface RichBlockExpandableBlockQuotation {
  /** Tells the blocks apart. */
  type: "expandable_blockquote";
  /** The text. */
  text: RichText;
  /** Who is quoted. */
  credit?: RichText;
}

/** A quotation that stands out. [Bot API](https://core.telegram.org/bots/api#richblockpullquotation) */
export interface RichBlockPullQuotation {
  /** Tells the blocks apart. */
  type: "pullquote";
  /** The text. */
  text: RichText;
  /** Who is quoted. */
  credit?: RichText;
}

/**
 * Blocks under a summary, to fold and unfold.
 * [Bot API](https://core.telegram.org/bots/api#richblockdetails)
 */
export interface RichBlockDetails {
  /** Tells the blocks apart. */
  type: "details";
  /** What is always shown. */
  summary: RichText;
  /** The content. */
  blocks: RichBlock[];
  /** Unfolded at first. */
  is_open?: true;
}

/**
 * A sign that the bot is thinking; only in drafts, so never received.
 * [Bot API](https://core.telegram.org/bots/api#richblockthinking)
 */
export interface RichBlockThinking {
  /** Tells the blocks apart. */
  type: "thinking";
  /** The text. */
  text: RichText;
}
