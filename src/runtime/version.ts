import { readFileSync } from 'node:fs';

/** The package's version; read when asked, from the package.json beside the build. */
export function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
