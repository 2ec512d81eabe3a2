import { Octokit } from 'octokit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { clientOf, refusalOf } from './client.ts';
import { type FakeGithub, startFakeGithub } from './fake-github.ts';

let fake: FakeGithub;
let sha: string;
let lead: number;

const named = { owner: 'acme', repo: 'grids' };

beforeEach(async () => {
  lead = 0;
  fake = await startFakeGithub({ clock: { ...systemClock, now: () => Date.now() + lead } });
  const repository = await fake.createRepository({ files: { 'a.yml': '1' } });
  sha = (await repository.head()) ?? '';
});

afterEach(async () => {
  await fake.close();
  expect(fake.violations).toEqual([]);
});

function post(
  octokit: Octokit,
  state: 'pending' | 'success' = 'pending',
): Promise<{ readonly status: number }> {
  return octokit.rest.repos.createCommitStatus({ ...named, sha, state, context: 'gridops/prod' });
}

describe('on demand the API', () => {
  it('fails for some requests, then works', async () => {
    const octokit = clientOf(fake, fake.createToken());
    fake.disturb({ kind: 'server-error', status: 502 });
    fake.disturb({ kind: 'server-error', status: 500, times: 2 });
    const seen = [];
    for (let i = 0; i < 3; i += 1) seen.push((await refusalOf(post(octokit))).status);
    expect(seen).toEqual([502, 500, 500]);
    expect((await post(octokit)).status).toBe(201);
    expect(fake.statuses(sha)).toHaveLength(1);
  });

  it('does what it was asked and answers as if it had not', async () => {
    const octokit = clientOf(fake, fake.createToken());
    fake.disturb({ kind: 'server-error', status: 502, afterDoing: true });
    expect((await refusalOf(post(octokit))).status).toBe(502);
    fake.disturb({ kind: 'hang-up', afterDoing: true });
    expect((await refusalOf(post(octokit))).status).toBe(500);
    expect(fake.statuses(sha)).toHaveLength(2);
  });

  it('disturbs one operation and no other', async () => {
    const octokit = clientOf(fake, fake.createToken());
    fake.disturb({ kind: 'hang-up', on: 'repos/create-commit-status' });
    expect((await octokit.rest.repos.get(named)).status).toBe(200);
    expect((await refusalOf(post(octokit))).status).toBe(500);
    expect(fake.requests.map(({ operation, status }) => [operation, status])).toEqual([
      ['repos/get', 200],
      ['repos/create-commit-status', 0],
    ]);
  });

  it('is slow, not yet up to date, and calm again', async () => {
    const octokit = clientOf(fake, fake.createToken());
    fake.disturb({ kind: 'slow-answer', milliseconds: 100 });
    fake.disturb({ kind: 'not-found-yet' });
    const started = performance.now();
    await octokit.rest.repos.get(named);
    expect(performance.now() - started).toBeGreaterThan(90);
    expect((await refusalOf(octokit.rest.repos.get(named))).status).toBe(404);
    fake.disturb({ kind: 'server-error', status: 503, times: 100 });
    fake.calm();
    expect((await octokit.rest.repos.get(named)).status).toBe(200);
  });
});

describe('limits', () => {
  it('are counted for each actor and start again after an hour', async () => {
    fake.limitRate({ perHour: 2 });
    const octokit = clientOf(fake, fake.createToken('ada'));
    const first = await octokit.rest.repos.get(named);
    expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1' });
    await octokit.rest.repos.get(named);
    const refused = await refusalOf(octokit.rest.repos.get(named));
    expect(refused).toMatchObject({
      status: 403,
      body: { message: expect.stringMatching(/^API rate limit exceeded for user ID \d+\.$/) },
      headers: { 'x-ratelimit-remaining': '0' },
    });
    const reset = Number(refused.headers['x-ratelimit-reset']) * 1000;
    expect(reset).toBeGreaterThan(Date.now() + 3_590_000);
    expect((await clientOf(fake, fake.createToken('bob')).rest.repos.get(named)).status).toBe(200);
    lead = 3_600_000;
    expect((await octokit.rest.repos.get(named)).status).toBe(200);
  });

  it('do not count an answer of 304', async () => {
    const octokit = clientOf(fake, fake.createToken());
    const { headers } = await octokit.rest.repos.get(named);
    const again = octokit.rest.repos.get({
      ...named,
      headers: { 'if-none-match': headers.etag ?? '' },
    });
    expect(await refusalOf(again)).toMatchObject({
      status: 304,
      headers: { 'x-ratelimit-used': headers['x-ratelimit-used'] },
    });
  });

  it('of writing hold for a minute', async () => {
    fake.limitRate({ writesPerMinute: 2, status: 429 });
    const octokit = clientOf(fake, fake.createToken());
    await post(octokit);
    lead = 20_000;
    await post(octokit);
    const refused = await refusalOf(post(octokit));
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(40);
    expect((await octokit.rest.repos.get(named)).status).toBe(200);
    lead = 61_000;
    expect((await post(octokit)).status).toBe(201);
  });

  it('are understood by the plugins of octokit', async () => {
    const pauses: string[] = [];
    const octokit = new Octokit({
      baseUrl: fake.baseUrl,
      auth: fake.createToken(),
      throttle: {
        onRateLimit: (seconds: number) => pauses.push(`primary ${seconds}`) > 100,
        onSecondaryRateLimit: (seconds: number) => pauses.push(`secondary ${seconds}`) > 0,
      },
    });
    fake.disturb({ kind: 'secondary-limit', status: 403, retryAfter: 1 });
    expect((await post(octokit, 'success')).status).toBe(201);
    expect(pauses).toEqual(['secondary 1']);
    expect(fake.statuses(sha)).toHaveLength(1);
    fake.limitRate({ perHour: 0 });
    await refusalOf(octokit.rest.repos.get(named));
    expect(pauses[1]).toMatch(/^primary 36\d\d$/);
  });
});
