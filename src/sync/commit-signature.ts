/** A commit as its author signed it, and the signature. */
export interface SignedCommit {
  /** What the signature is of: the commit without its signatures. */
  readonly payload: Buffer;
  /** Null: there is none, or more than one, which no git makes. */
  readonly signature: string | null;
  /** `unknown`: of X.509 certificates, or of something that is not known yet. */
  readonly kind: 'gpg' | 'ssh' | 'unknown';
  /** Of whom the commit says that they committed it; nobody has checked it. */
  readonly committer: string;
}

const headers = /^gpgsig(-sha256)? /;

/**
 * Takes a commit apart as git does: its header lines up to the first empty one, of which `gpgsig` (in repositories of
 * SHA-256 `gpgsig-sha256`) goes on in lines that begin with a space. To the byte: one that is read in another way here
 * than by whoever signed it must not verify.
 */
export function readSigned(content: Uint8Array, digits: number): SignedCommit {
  const text = Buffer.from(content).toString('latin1');
  const end = text.indexOf('\n\n');
  const header = end < 0 ? text : text.slice(0, end + 1);
  const kept: string[] = [];
  const signatures: string[][] = [];
  let current: string[] | null = null;
  const own = digits === 64 ? 'gpgsig-sha256 ' : 'gpgsig ';
  for (const line of header.split(/(?<=\n)/)) {
    if (headers.test(line)) {
      current = [line.slice(line.indexOf(' ') + 1)];
      if (line.startsWith(own)) signatures.push(current);
    } else if (current !== null && line.startsWith(' ')) current.push(line.slice(1));
    else {
      current = null;
      kept.push(line);
    }
  }
  const signature = signatures.length === 1 ? (signatures[0]?.join('') ?? null) : null;
  return {
    payload: Buffer.from(kept.join('') + (end < 0 ? '' : text.slice(end + 1)), 'latin1'),
    signature,
    kind: kindOf(signature ?? ''),
    committer: /^committer (.*) \d+ [+-]\d+$/m.exec(header)?.[1] ?? '',
  };
}

function kindOf(signature: string): SignedCommit['kind'] {
  if (/^-----BEGIN PGP (SIGNATURE|MESSAGE)-----/.test(signature)) return 'gpg';
  return signature.startsWith('-----BEGIN SSH SIGNATURE-----') ? 'ssh' : 'unknown';
}
