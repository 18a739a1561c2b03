/**
 * Telegram Passport data that the user shared, encrypted.
 * [Bot API](https://core.telegram.org/bots/api#passportdata)
 */
export interface PassportData {
  /** The documents and other elements. */
  data: EncryptedPassportElement[];
  /** What is needed to decrypt them. */
  credentials: EncryptedCredentials;
}

/** A document or another element. [Bot API](https://core.telegram.org/bots/api#encryptedpassportelement) */
export interface EncryptedPassportElement {
  /** What it is; decides which of the other fields are there. */
  type:
    | "personal_details"
    | "passport"
    | "driver_license"
    | "identity_card"
    | "internal_passport"
    | "address"
    | "utility_bill"
    | "bank_statement"
    | "rental_agreement"
    | "passport_registration"
    | "temporary_registration"
    | "phone_number"
    | "email";
  /** Personal details, document data or address: encrypted, base64. */
  data?: string;
  /** The verified number, of a `phone_number`. */
  phone_number?: string;
  /** The verified address, of an `email`. */
  email?: string;
  /** Scans of a document that proves an address. */
  files?: PassportFile[];
  /** Front of an identity document. */
  front_side?: PassportFile;
  /** Back of a driving licence or identity card. */
  reverse_side?: PassportFile;
  /** The user holding the document. */
  selfie?: PassportFile;
  /** Translations of the document. */
  translation?: PassportFile[];
  /** For `PassportElementErrorUnspecified`; base64. */
  hash: string;
}

/**
 * An encrypted file; a JPEG of at most 10 MB once decrypted.
 * [Bot API](https://core.telegram.org/bots/api#passportfile)
 */
export interface PassportFile {
  /** For downloading it or sending it again; valid for this bot only. */
  file_id: string;
  /** The same for every bot and forever; of no use for downloading. */
  file_unique_id: string;
  /** In bytes; may exceed 2^31. */
  file_size: number;
  /** When it was uploaded, in Unix seconds. */
  file_date: number;
}

/**
 * What is needed to decrypt and check Passport data.
 * [Bot API](https://core.telegram.org/bots/api#encryptedcredentials)
 */
export interface EncryptedCredentials {
  /** Payload, hashes and secrets as encrypted JSON, base64. */
  data: string;
  /** Hash of the data, base64. */
  hash: string;
  /** Key of the data, encrypted with the bot's public RSA key, base64. */
  secret: string;
}
