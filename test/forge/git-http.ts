import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';

/** `/owner/name.git/info/refs` and its like, with or without `.git`; the rest of the server is the REST API. */
const GIT_PATH = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;

export interface GitPath {
  readonly owner: string;
  readonly name: string;
  readonly service: string;
}

export function parseGitPath(pathname: string): GitPath | null {
  const [, owner, name, service] = GIT_PATH.exec(pathname) ?? [];
  if (owner === undefined || name === undefined || service === undefined) return null;
  return { owner, name, service };
}

/**
 * Passes one exchange on to the git server behind the forge, bytes untouched, so that forge and repositories have one
 * address as on GitHub. Whatever happens to one connection happens to the other.
 */
export async function forwardGit(
  request: IncomingMessage,
  response: ServerResponse,
  target: URL,
): Promise<void> {
  const upstream = httpRequest(target, {
    method: request.method,
    headers: { ...request.headers, host: target.host },
    agent: false,
  });
  request.pipe(upstream);
  response.once('close', () => upstream.destroy());
  await new Promise<void>((resolve) => {
    upstream.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.once('error', () => response.destroy());
      answer.once('aborted', () => response.destroy());
    });
    upstream.once('error', () => response.destroy());
    response.once('close', resolve);
  });
}
