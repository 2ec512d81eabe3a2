import { request } from 'node:http';
import { usableGit } from '../sync/git-version.ts';

/** What `doctor` asks of the machine that it runs on. */
export interface Machine {
  /** Without the `v`. */
  readonly nodeVersion: string;
  /** Version of a git that can be used; `null`: none, or too old. */
  git(): Promise<string | null>;
  /** Version of the Docker engine at a socket path, `unix://` or `tcp://` address; rejects when none answers. */
  docker(address: string): Promise<string>;
}

export const thisMachine: Machine = {
  nodeVersion: process.versions.node,
  git: async () => await usableGit('git'),
  docker: engineVersion,
};

const PATIENCE_MS = 5_000;
const MOST_CHARACTERS = 100_000;

function engineVersion(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        ...target(address),
        agent: false,
        path: '/version',
        signal: AbortSignal.timeout(PATIENCE_MS),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
          if (text.length > MOST_CHARACTERS) response.destroy();
        });
        response.on('close', () => {
          const version = readVersion(text);
          if (version === null) reject(new Error('what answers there is not a Docker engine'));
          else resolve(version);
        });
      },
    );
    asking.on('error', reject);
    asking.end();
  });
}

function target(address: string): { socketPath: string } | { host: string; port: number } {
  if (!address.startsWith('tcp://')) return { socketPath: address.replace(/^unix:\/\//, '') };
  const url = new URL(address);
  return { host: url.hostname, port: url.port === '' ? 2375 : Number(url.port) };
}

function readVersion(text: string): string | null {
  try {
    const version = (JSON.parse(text) as { Version?: unknown } | null)?.Version;
    return typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}
