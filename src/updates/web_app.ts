/** A Web App to open. [Bot API](https://core.telegram.org/bots/api#webappinfo) */
export interface WebAppInfo {
  /** Its HTTPS address. */
  url: string;
}

/**
 * What a Web App sent. Its client may be forged: trust neither field.
 * [Bot API](https://core.telegram.org/bots/api#webappdata)
 */
export interface WebAppData {
  /** The data. */
  data: string;
  /** The text of the button that opened it. */
  button_text: string;
}

/**
 * The user allowed the bot to write to them.
 * [Bot API](https://core.telegram.org/bots/api#writeaccessallowed)
 */
export interface WriteAccessAllowed {
  /** The Web App asked with `requestWriteAccess`. */
  from_request?: boolean;
  /** The Web App that was started from a link. */
  web_app_name?: string;
  /** The bot was added to the attachment or side menu. */
  from_attachment_menu?: boolean;
}
