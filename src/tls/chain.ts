import { type Certificate, isIssuedBy } from "./certificate.ts";

/** The certificate, then the one that issued it, and so on, as far as those given lead. */
export function buildChain(leaf: Certificate, certificates: readonly Certificate[]): Certificate[] {
  const chain = [leaf];
  const rest = new Set(certificates);
  for (let last: Certificate | undefined = leaf; last !== undefined;) {
    rest.delete(last);
    const subject: Certificate = last;
    last = isIssuedBy(subject, subject) ? undefined : [...rest].find((issuer) => isIssuedBy(subject, issuer));
    if (last !== undefined) chain.push(last);
  }
  return chain;
}
