import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refusal } from './refusal.ts';
import type { Reply } from './world.ts';

/** Larger than anything that GitHub takes; the rest is not read. */
const MAX_BODY_BYTES = 50 * 1024 * 1024;

/** Of successful answers with a body. */
export const CACHING = 'private, max-age=60, s-maxage=60';

export const COMMON_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'ETag, Link, Location, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Used, X-RateLimit-Resource, X-RateLimit-Reset, X-GitHub-Request-Id',
  'content-security-policy': "default-src 'none'",
  'referrer-policy': 'origin-when-cross-origin, strict-origin-when-cross-origin',
  'strict-transport-security': 'max-age=31536000; includeSubdomains; preload',
  'x-accepted-oauth-scopes': '',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'deny',
  'x-github-media-type': 'github.v3; format=json',
  'x-github-request-id': '0000:00000:0000000:0000000:00000000',
  'x-xss-protection': '0',
};

export function send(response: ServerResponse, { status, body, headers = {} }: Reply): void {
  if (body === undefined) {
    response.writeHead(status, headers).end();
    return;
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

export function replyTo({ status, body, headers }: Refusal): Reply {
  return { status, body, headers };
}

/** What GitHub's load balancer says when the application behind it does not answer. */
export function serverError(status: number): unknown {
  return status === 500 ? { message: 'Server Error' } : '<html><body>Unicorn!</body></html>';
}

/** "Request forbidden by administrative rules": every request must name its client. */
export function requireUserAgent(request: IncomingMessage): void {
  if ((request.headers['user-agent'] ?? '') !== '') return;
  throw new Refusal(403, {
    message:
      'Request forbidden by administrative rules. Please make sure your request has a User-Agent header.',
    documentation_url: 'https://docs.github.com/rest',
  });
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) break;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function parseBody(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text === '') return undefined;
  const documentation_url = 'https://docs.github.com/rest';
  const value = tryParse(text);
  if (value === undefined) {
    throw new Refusal(400, { message: 'Problems parsing JSON', documentation_url });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new Refusal(400, { message: 'Body should be a JSON object', documentation_url });
  }
  return value as Record<string, unknown>;
}

export function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function digest(body: unknown): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex');
}
