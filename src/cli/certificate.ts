import { resolve } from 'node:path';
import { readSecrets } from '../manifest/secrets-edit.ts';
import { maxSecretBytes } from '../model/secret.ts';
import { sealValue } from '../secrets/sealed-value.ts';
import { bundleCertificate, dayOf, isSoon } from './certificate-bundle.ts';
import { changedFile, openGridSecrets, type SecretsPlace, writeSecrets } from './grid-secrets.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { paint, show, table } from './output.ts';
import { chooseRecipient } from './recipient.ts';
import { tellOutcome } from './secret-outcome.ts';
import { findUses, printUsers, tellUnread } from './secret-uses.ts';
import { readText } from './secret-value.ts';
import type { Flags } from './settings-load.ts';
import { readBounded } from './stdin.ts';

export interface CertificateOptions extends SecretsPlace {
  /** Paths. */
  readonly certificate: string;
  readonly key: string;
  readonly chain: string | null;
  readonly subject: string | null;
  readonly recipient: string | null;
  readonly flags: Flags;
  readonly json: boolean;
}

/** Seals a certificate with its chain and its key into the grid's secrets.yml. */
export async function importCertificate(io: Io, options: CertificateOptions): Promise<ExitCode> {
  const { grid, json } = options;
  const [certificate, key] = await Promise.all([
    readPem(io, options.certificate),
    readPem(io, options.key),
  ]);
  const chain = options.chain === null ? null : await readPem(io, options.chain);
  const files = { certificate, key, chain, subject: options.subject };
  const { subject: name, expires, text, warnings } = bundleCertificate(files, io.clock.now());
  const { yellow } = paint(io, 'stderr');
  for (const warning of warnings) io.stderr(`${yellow('warning:')} ${warning}\n`);
  const secrets = await openGridSecrets(io, options);
  const { recipient: written, items } = readSecrets(secrets.file);
  const recipient = await chooseRecipient(io, { ...options, given: options.recipient, written });
  const sealed = await sealValue(recipient, { grid, kind: 'certificate', name }, text);
  const note = `${expiry} ${dayOf(expires)}`;
  const put = [{ kind: 'certificate', name, text: sealed, note }] as const;
  const after = changedFile(secrets, { recipient, put });
  await writeSecrets(secrets, after);
  const replaced = items.some((item) => item.kind === 'certificate' && item.name === name);
  const use = `Use it in a stack file: certificates: [{subject: "${name}", name: SSL_CERTS, type: env}]`;
  const outcome = { grid, file: after.path, sealed: [{ name, replaced }], removed: [] };
  tellOutcome(io, outcome, { json, use });
  return EXIT.done;
}

/** In the comment after an entry: the day is in the sealed text, too, where only the master can read it. */
const expiry = 'expires';

async function readPem(io: Io, path: string): Promise<string> {
  return readText(await readBounded(resolve(io.cwd, path), maxSecretBytes), path);
}

export async function listCertificates(
  io: Io,
  options: SecretsPlace & { readonly json: boolean },
): Promise<ExitCode> {
  const secrets = await openGridSecrets(io, options);
  const uses = findUses(secrets);
  const certificates = readSecrets(secrets.file)
    .items.filter(({ kind }) => kind === 'certificate')
    .map((item) => ({
      subject: item.name,
      expires: /\bexpires (\d{4}-\d\d-\d\d)\b/.exec(item.note ?? '')?.[1] ?? null,
      usedBy: uses.of(item),
    }));
  const value = { grid: options.grid, certificates, unread: uses.unread };
  show(io, { json: options.json, value, text: (shown) => printCertificates(io, shown) });
  if (!options.json) tellUnread(io, uses.unread);
  return EXIT.done;
}

interface Listed {
  readonly grid: string;
  readonly certificates: readonly {
    readonly subject: string;
    readonly expires: string | null;
    readonly usedBy: readonly string[];
  }[];
  readonly unread: readonly string[];
}

function printCertificates(io: Io, { grid, certificates, unread }: Listed): string {
  if (certificates.length === 0)
    return `No certificates. Import one with \`gridops certificate import ${grid} --cert FILE --key FILE\`.`;
  return table(
    ['DOMAIN', 'EXPIRES', 'USED BY'].map(paint(io).dim),
    certificates.map(({ subject, expires, usedBy }) => [
      subject,
      printExpiry(io, expires),
      printUsers(io, usedBy, unread),
    ]),
  );
}

function printExpiry(io: Io, expires: string | null): string {
  if (expires === null) return '-';
  const { red, yellow } = paint(io);
  const at = Date.parse(expires);
  const now = io.clock.now();
  if (at <= now) return red(`${expires} (expired)`);
  return isSoon(at, now) ? yellow(`${expires} (soon)`) : expires;
}
