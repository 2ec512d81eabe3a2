/**
 * A service with an interval is deployed anew with the same spec: its hash then has the second at which that began behind
 * it. So it is another one to everybody who compares hashes, and what was decided can be read from any container.
 */

const written = /^(.+)-r(\d{1,12})$/;

export function withGeneration(specHash: string, seconds: number): string {
  return `${specHash}-r${seconds}`;
}

/** The second at which its deploy began; `null`: it is the first one of its spec. */
export function generationOf(specHash: string): number | null {
  const found = written.exec(specHash)?.[2];
  return found === undefined ? null : Number(found);
}

export function withoutGeneration(specHash: string): string {
  return written.exec(specHash)?.[1] ?? specHash;
}
