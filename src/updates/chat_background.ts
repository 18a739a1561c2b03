import type { Document } from "./media.ts";

/** A chat background. [Bot API](https://core.telegram.org/bots/api#chatbackground) */
export interface ChatBackground {
  /** How the background is made. */
  type: BackgroundType;
}

/** How a background is made. [Bot API](https://core.telegram.org/bots/api#backgroundtype) */
export type BackgroundType =
  | BackgroundTypeFill
  | BackgroundTypeWallpaper
  | BackgroundTypePattern
  | BackgroundTypeChatTheme;

/** Made of colors only. [Bot API](https://core.telegram.org/bots/api#backgroundtypefill) */
export interface BackgroundTypeFill {
  /** Tells the backgrounds apart. */
  type: "fill";
  /** The colors. */
  fill: BackgroundFill;
  /** Percentage by which dark themes dim it. */
  dark_theme_dimming: number;
}

/** A JPEG picture. [Bot API](https://core.telegram.org/bots/api#backgroundtypewallpaper) */
export interface BackgroundTypeWallpaper {
  /** Tells the backgrounds apart. */
  type: "wallpaper";
  /** The picture. */
  document: Document;
  /** Percentage by which dark themes dim it. */
  dark_theme_dimming: number;
  /** Shown small and blurred. */
  is_blurred?: true;
  /** Moves when the device is tilted. */
  is_moving?: true;
}

/**
 * A pattern, as PNG or TGV (gzipped SVG), laid over colors.
 * [Bot API](https://core.telegram.org/bots/api#backgroundtypepattern)
 */
export interface BackgroundTypePattern {
  /** Tells the backgrounds apart. */
  type: "pattern";
  /** The pattern. */
  document: Document;
  /** The colors under it. */
  fill: BackgroundFill;
  /** How strong the pattern shows; 0 to 100. */
  intensity: number;
  /** Only the pattern is colored, the rest black; dark themes only. */
  is_inverted?: true;
  /** Moves when the device is tilted. */
  is_moving?: true;
}

/** That of a built-in chat theme. [Bot API](https://core.telegram.org/bots/api#backgroundtypechattheme) */
export interface BackgroundTypeChatTheme {
  /** Tells the backgrounds apart. */
  type: "chat_theme";
  /** Usually an emoji. */
  theme_name: string;
}

/** The colors of a background. [Bot API](https://core.telegram.org/bots/api#backgroundfill) */
export type BackgroundFill = BackgroundFillSolid | BackgroundFillGradient | BackgroundFillFreeformGradient;

/** One color. [Bot API](https://core.telegram.org/bots/api#backgroundfillsolid) */
export interface BackgroundFillSolid {
  /** Tells the fills apart. */
  type: "solid";
  /** As 0xRRGGBB. */
  color: number;
}

/** A gradient of two colors. [Bot API](https://core.telegram.org/bots/api#backgroundfillgradient) */
export interface BackgroundFillGradient {
  /** Tells the fills apart. */
  type: "gradient";
  /** As 0xRRGGBB. */
  top_color: number;
  /** As 0xRRGGBB. */
  bottom_color: number;
  /** Clockwise, in degrees; 0 to 359. */
  rotation_angle: number;
}

/**
 * A gradient that turns with every message.
 * [Bot API](https://core.telegram.org/bots/api#backgroundfillfreeformgradient)
 */
export interface BackgroundFillFreeformGradient {
  /** Tells the fills apart. */
  type: "freeform_gradient";
  /** Three or four of them, as 0xRRGGBB. */
  colors: number[];
}
