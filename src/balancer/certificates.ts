import { createPrivateKey, X509Certificate } from 'node:crypto';
import { contentDigest } from '../model/digest.ts';

/** One file for HAProxy: a certificate, what it was issued by, and its key. */
export interface CertificateFile {
  readonly name: string;
  readonly text: string;
}

export interface Certificates {
  /** In order: the first is what clients get that name no host. */
  readonly files: readonly CertificateFile[];
  /** Why some are left out. They would keep HAProxy from taking any. */
  readonly faults: readonly string[];
}

/** Texts with one or more PEM bundles each → files. Their names are made of what is in them. */
export function readCertificates(texts: readonly string[]): Certificates {
  const files = new Map<string, CertificateFile>();
  const faults: string[] = [];
  for (const [at, bundle] of texts.flatMap(splitBundles).entries()) {
    const reason = bundleReason(bundle);
    if (reason !== null) faults.push(`certificate ${at + 1} ${reason}`);
    else {
      const name = `${contentDigest(Buffer.from(bundle)).slice(0, 32)}.pem`;
      files.set(name, { name, text: bundle });
    }
  }
  return { files: [...files.values()], faults };
}

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** A bundle has one key: behind its certificates, as Kontena wrote them, or in front of them. */
export function splitBundles(text: string): readonly string[] {
  const blocks = Array.from(text.matchAll(block), ([pem, kind = '']) => ({ pem, kind }));
  const isKeyLast = blocks[0]?.kind === 'CERTIFICATE';
  const bundles: string[][] = [];
  let isComplete = true;
  for (const [at, { pem, kind }] of blocks.entries()) {
    const isCertificate = kind === 'CERTIFICATE';
    const startsKey = !isCertificate && blocks[at - 1]?.kind === 'CERTIFICATE';
    if (isKeyLast ? isComplete : at === 0 || startsKey) bundles.push([]);
    bundles.at(-1)?.push(pem);
    isComplete = kind.endsWith('PRIVATE KEY');
  }
  return bundles.map((pems) => `${pems.join('\n')}\n`);
}

function bundleReason(bundle: string): string | null {
  const [key] =
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z0-9 ]*PRIVATE KEY-----/.exec(
      bundle,
    ) ?? [];
  if (key === undefined) return 'has no key';
  try {
    const certificate = new X509Certificate(bundle);
    return certificate.checkPrivateKey(createPrivateKey(key)) ? null : 'has the key of another one';
  } catch {
    return 'cannot be read: it is PEM, with a key without a password';
  }
}
