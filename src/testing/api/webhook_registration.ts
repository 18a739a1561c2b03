import type { AllowedKinds } from "./allowed_updates.ts";
import { BotApiRefusal, tooManyRequests } from "./refusal.ts";
import type { PendingUpdates } from "../pending_updates.ts";
import { checkCertificate, readCertificates } from "../certificate_check.ts";
import type { Clock } from "../clock.ts";
import type { Destination } from "../connection.ts";
import type { Network } from "../network.ts";
import { deliveryTarget } from "../delivery_target.ts";
import { flagOf, integerOf, type Parameters, textOf } from "./parameters.ts";
import { addressOf, parseWebhookUrl, type WebhookUrl } from "../webhook_url.ts";

/** The webhook that is set. */
export interface TestWebhook {
  /** Its URL, as setWebhook got it. */
  readonly url: string;
  /** Empty for none. */
  readonly secretToken: string;
  /** 1 to 100. */
  readonly maxConnections: number;
  /** What `getWebhookInfo` shows. */
  readonly ipAddress: string;
  /** The uploaded certificate, as PEM. */
  readonly certificate: string | undefined;
}

/** A webhook with what it takes to deliver to it. */
export interface RegisteredWebhook extends TestWebhook {
  /** The URL, taken apart. */
  readonly parts: WebhookUrl;
  /** The address that setWebhook fixed, or nothing. */
  readonly fixedAddress: string;
  /** Where it really is. */
  readonly destination: Destination;
}

/** What a method answers with. */
export interface MethodResult {
  result: unknown;
  description?: string;
}

/** What a registration works with. */
export interface RegistrationParts {
  pending: PendingUpdates;
  clock: Clock;
  allowed: AllowedKinds;
  isStrict: boolean;
  network: Network;
  /** Certificate authorities to trust besides the public ones, as PEM. */
  authorities: string | undefined;
  /** A webhook is about to be set. */
  beforeSet(): void;
  /** The webhook is another now, or none. */
  onChange(webhook: RegisteredWebhook | undefined): void;
}

const DEFAULT_CONNECTIONS = 40;
const MAX_CERTIFICATE_BYTES = 3 << 20;

/** `setWebhook`, `deleteWebhook` and `getWebhookInfo`, with the refusals of Telegram's server in its words. */
export class WebhookRegistration {
  #parts: RegistrationParts;
  #webhook: RegisteredWebhook | undefined;
  #lastError: { at: number; message: string } | undefined;
  #nextAllowed = Number.NEGATIVE_INFINITY;

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  /** The webhook that is set, if any. */
  get webhook(): RegisteredWebhook | undefined {
    return this.#webhook;
  }

  /** Answers a `setWebhook`; an empty URL deletes. */
  async set(parameters: Parameters): Promise<MethodResult> {
    const url = textOf(parameters.url);
    if (url === "") return this.delete(parameters);
    const now = this.#parts.clock.now();
    if (now < this.#nextAllowed) throw tooManyRequests(1);
    this.#nextAllowed = now + 1000;
    const certificate = uploadedFile(parameters);
    if (this.#isUnchanged(url, parameters, certificate)) {
      this.#parts.allowed.update(parameters.allowed_updates);
      return { result: true, description: "Webhook is already set" };
    }
    this.#parts.beforeSet();
    // From here on the old webhook is gone, even if the new one is refused.
    this.remove();
    if (flagOf(parameters.drop_pending_updates)) this.#parts.pending.clear();
    const webhook = await this.#check(url, parameters, certificate);
    this.#webhook = webhook;
    this.#parts.onChange(webhook);
    return { result: true, description: "Webhook was set" };
  }

  /** Answers a `deleteWebhook`. */
  delete(parameters: Parameters): MethodResult {
    const wasSet = this.#webhook !== undefined;
    if (!wasSet) this.#parts.allowed.update(parameters.allowed_updates);
    this.remove();
    if (flagOf(parameters.drop_pending_updates)) this.#parts.pending.clear();
    return { result: true, description: wasSet ? "Webhook was deleted" : "Webhook is already deleted" };
  }

  /** Answers a `getWebhookInfo`. */
  info(): MethodResult {
    const webhook = this.#webhook;
    const error = this.#lastError;
    const allowed = this.#parts.allowed.list;
    return {
      result: {
        url: webhook?.url ?? "",
        has_custom_certificate: webhook?.certificate !== undefined,
        pending_update_count: this.#parts.pending.size,
        ...error && { last_error_date: Math.floor(error.at / 1000), last_error_message: error.message },
        ...webhook && { max_connections: webhook.maxConnections, ip_address: webhook.ipAddress },
        ...allowed && { allowed_updates: allowed },
      },
    };
  }

  /** Notes what `getWebhookInfo` tells as the last error. */
  noteError(message: string): void {
    this.#lastError = { at: this.#parts.clock.now(), message };
  }

  /** The last error, if it was since then. */
  errorSince(since: number): string | undefined {
    return this.#lastError !== undefined && this.#lastError.at >= since ? this.#lastError.message : undefined;
  }

  /** Forgets the webhook. */
  remove(): void {
    this.#lastError = undefined;
    if (!this.#webhook) return;
    this.#webhook = undefined;
    this.#parts.onChange(undefined);
  }

  #isUnchanged(url: string, parameters: Parameters, certificate: Blob | undefined): boolean {
    const old = this.#webhook;
    const fixedAddress = textOf(parameters.ip_address);
    return old !== undefined && old.url === url && old.certificate === undefined && !certificate &&
      old.maxConnections === connectionsOf(parameters) &&
      old.secretToken === textOf(parameters.secret_token) &&
      old.fixedAddress === fixedAddress && !flagOf(parameters.drop_pending_updates);
  }

  async #check(url: string, parameters: Parameters, file: Blob | undefined): Promise<RegisteredWebhook> {
    const parts = parseWebhookUrl(url);
    if (!parts) throw badRequest("invalid webhook URL specified");
    const secretToken = textOf(parameters.secret_token);
    if (new TextEncoder().encode(secretToken).length > 256) throw badRequest("secret token is too long");
    if (!/^[A-Za-z0-9_-]*$/.test(secretToken)) {
      throw badRequest("secret token contains unallowed characters");
    }
    if (file && file.size > MAX_CERTIFICATE_BYTES) {
      throw badRequest(`certificate size is too big (${file.size} bytes)`);
    }
    const certificate = await file?.text();
    this.#parts.allowed.update(parameters.allowed_updates);
    const fixedAddress = textOf(parameters.ip_address);
    try {
      const { isStrict, network } = this.#parts;
      const name = `${parts.host}:${parts.port}`;
      const { shownAddress, ...place } = deliveryTarget(
        parts,
        fixedAddress,
        isStrict,
        network.routesOf(name),
      );
      const destination = parts.protocol === "https"
        ? { name, ...place, tls: this.#tls(parts.host, certificate) }
        : { name, ...place };
      const maxConnections = connectionsOf(parameters);
      return {
        url,
        parts,
        secretToken,
        maxConnections,
        ipAddress: shownAddress,
        fixedAddress,
        certificate,
        destination,
      };
    } catch (error) {
      throw badRequest(`bad webhook: ${error instanceof Error ? error.message : error}`);
    }
  }

  #tls(host: string, certificate: string | undefined): NonNullable<Destination["tls"]> {
    if (certificate !== undefined) {
      try {
        readCertificates(certificate);
      } catch {
        throw new Error("Failed to set custom certificate file");
      }
    }
    const trust = {
      ...certificate !== undefined && { uploaded: certificate },
      ...this.#parts.authorities !== undefined && { authorities: this.#parts.authorities },
    };
    return {
      serverName: addressOf(host) ? "" : host,
      check: (socket) => checkCertificate(socket, host, trust),
    };
  }
}

function connectionsOf(parameters: Parameters): number {
  return integerOf(parameters.max_connections, DEFAULT_CONNECTIONS, 1, 100);
}

/** The certificate counts only as an uploaded file; a string in its place, such as a file id, is ignored. */
function uploadedFile({ certificate, ...others }: Parameters): Blob | undefined {
  if (certificate instanceof Blob) return certificate;
  if (typeof certificate !== "string" || !certificate.startsWith("attach://")) return undefined;
  const attached = others[certificate.slice("attach://".length)];
  return attached instanceof Blob ? attached : undefined;
}

function badRequest(description: string): BotApiRefusal {
  return new BotApiRefusal(400, `Bad Request: ${description}`);
}
