import { type Certificate, isIssuedBy, isValidNow } from "./certificate.ts";

/**
 * The certificate, then the one that issued it, and so on, as far as those given lead. Of several issuers, as by
 * cross-signing, one that is valid now is taken.
 */
export function buildChain(leaf: Certificate, certificates: readonly Certificate[]): Certificate[] {
  const chain = [leaf];
  const rest = new Set(certificates);
  for (let last: Certificate | undefined = leaf; last !== undefined;) {
    rest.delete(last);
    const subject: Certificate = last;
    if (isIssuedBy(subject, subject)) break;
    const issuers = [...rest].filter((issuer) => isIssuedBy(subject, issuer));
    last = issuers.find(isValidNow) ?? issuers[0];
    if (last !== undefined) chain.push(last);
  }
  return chain;
}
