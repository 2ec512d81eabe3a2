import { Octokit, RequestError } from 'octokit';
import type { FakeGithub } from './fake-github.ts';

/** A real octokit that neither waits nor tries again by itself. */
export function clientOf(fake: FakeGithub, token?: string): Octokit {
  const Client = clientClass(fake);
  return new Client(token === undefined ? {} : { auth: token });
}

/** What octokit's `App` wants to be given. */
export function clientClass(fake: FakeGithub): typeof Octokit {
  return Octokit.defaults({
    baseUrl: fake.baseUrl,
    throttle: { enabled: false },
    retry: { enabled: false },
  });
}

export interface Refused {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** What octokit threw; fails when it did not. */
export async function refusalOf(request: Promise<unknown>): Promise<Refused> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const { status, response } = error;
    return { status, body: response?.data, headers: response?.headers ?? {} };
  }
  throw new Error('the request was not refused');
}
