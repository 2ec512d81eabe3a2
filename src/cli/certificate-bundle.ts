import { createPrivateKey, X509Certificate } from 'node:crypto';
import { errorMessage, GridError } from '../model/error.ts';
import { certificateName } from '../model/secret.ts';

export interface CertificateFiles {
  /** The certificate, and perhaps its chain after it. */
  readonly certificate: string;
  readonly key: string;
  readonly chain: string | null;
  /** What it is known by; `null`: what it says itself. */
  readonly subject: string | null;
}

export interface CertificateBundle {
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** Certificate, chain and key, as Kontena put them into the environment. */
  readonly text: string;
  readonly warnings: readonly string[];
}

const DAY_MS = 86_400_000;
/** Whoever renews by hand needs some time for it. */
const SOON_DAYS = 30;

/** Throws `GridError` when these do not belong together, or nobody would accept them any more. */
export function bundleCertificate(files: CertificateFiles, now: number): CertificateBundle {
  const [own, ...rest] = certificatesIn(files.certificate, 'the certificate');
  const chain = [
    ...rest,
    ...(files.chain === null ? [] : certificatesIn(files.chain, 'the chain')),
  ];
  if (own === undefined) throw refused('there is no certificate in the file');
  if (!own.checkPrivateKey(readKey(files.key)))
    throw refused('the key does not belong to the certificate');
  const expires = Date.parse(own.validTo);
  if (expires <= now) throw refused(`the certificate has expired on ${dayOf(expires)}`);
  const subject = files.subject ?? subjectOf(own);
  if (!certificateName.test(subject))
    throw refused(`'${subject}' is no domain that a certificate can be known by`);
  const parts = [own, ...chain].map((one) => one.toString());
  const text = [...parts, files.key].map((part) => `${part.trim()}\n`).join('');
  return { subject, expires, text, warnings: warningsOf({ own, chain, subject, expires, now }) };
}

/** As it stands in secrets.yml and in lists. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

export function isSoon(expires: number, now: number): boolean {
  return expires - now < SOON_DAYS * DAY_MS;
}

const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesIn(text: string, what: string): readonly X509Certificate[] {
  const blocks = text.match(block) ?? [];
  if (blocks.length === 0)
    throw refused(`${what} is not in PEM: there is no "-----BEGIN CERTIFICATE-----" in the file`);
  try {
    return blocks.map((one) => new X509Certificate(one));
  } catch (error) {
    throw refused(`${what} cannot be read: ${errorMessage(error)}`);
  }
}

function readKey(text: string) {
  try {
    return createPrivateKey(text);
  } catch {
    // What the library says could repeat some of it.
    const isLocked = text.includes('ENCRYPTED');
    throw refused(
      isLocked ? 'the key is locked with a passphrase' : 'the key is no private key in PEM',
      isLocked ? 'Unlock it into a file of your own: openssl pkey -in KEY -out FILE' : undefined,
    );
  }
}

function subjectOf(own: X509Certificate): string {
  const [, common = ''] = /^CN=(.*)$/m.exec(own.subject) ?? [];
  return certificateName.test(common) && common.includes('.')
    ? common
    : (domainsOf(own)[0] ?? common);
}

/** Its alternative names. */
function domainsOf({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return Array.from(subjectAltName.matchAll(/DNS:([^,\s"]+)/g), ([, name = '']) => name);
}

interface Checked {
  readonly own: X509Certificate;
  readonly chain: readonly X509Certificate[];
  readonly subject: string;
  readonly expires: number;
  readonly now: number;
}

function warningsOf({ own, chain, subject, expires, now }: Checked): readonly string[] {
  const host = subject.replace(/^\*\./, 'any.');
  const [issuer] = chain;
  return [
    ...(isSoon(expires, now) ? [`the certificate expires on ${dayOf(expires)}`] : []),
    ...(Date.parse(own.validFrom) > now
      ? [`the certificate is not valid before ${dayOf(Date.parse(own.validFrom))}`]
      : []),
    ...(own.checkHost(host) === undefined
      ? [
          `the certificate is not for ${subject}, but for ${domainsOf(own).join(', ') || 'no domain'}`,
        ]
      : []),
    ...(issuer !== undefined && !own.checkIssued(issuer)
      ? ['the chain does not begin with what issued the certificate']
      : []),
  ];
}

function refused(message: string, hint?: string): GridError {
  return new GridError({
    code: 'invalid-request',
    message,
    ...(hint === undefined ? {} : { hint }),
  });
}
