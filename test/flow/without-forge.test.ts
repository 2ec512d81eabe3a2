import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { startMaster } from '../../src/master/main.ts';
import { silentLog } from '../../src/runtime/log.ts';
import type { Dialect } from '../forge/small/dialect.ts';
import { gitea } from '../forge/small/gitea.ts';
import { type SmallHost, startSmallHost } from '../forge/small/host.ts';
import { eventually } from '../support/world.ts';

const SECRET = 'it is a secret to everybody';
const API_TOKEN = 'test-token-test-token-test-token';

const undo: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

async function masterOf(url: string, token: string) {
  const data = await mkdtemp(join(tmpdir(), 'gridops-forges-'));
  undo.push(async () => await rm(data, { recursive: true, force: true }));
  const master = await startMaster(
    {
      data,
      listen: { host: '127.0.0.1', port: 0 },
      publicUrl: 'https://gridops.example.com',
      repositories: [
        {
          name: 'grids',
          holds: 'grids',
          usedBy: null,
          repository: { url, branch: 'main', engine: 'auto', pollSeconds: 3_600, token },
          forge: { kind: 'none' },
          webhookSecrets: [SECRET],
        },
      ],
      apiToken: API_TOKEN,
      logLevel: 'silent',
    },
    { log: silentLog },
  );
  undo.push(async () => await master.stop());
  return master;
}

async function hostOf(dialect: Dialect): Promise<SmallHost> {
  const host = await startSmallHost(dialect);
  undo.push(async () => {
    await host.close();
    expect(host.violations).toEqual([]);
  });
  return host;
}

const change = { 'grids/prod/grid.yml': 'mtu: 1400\n' };

it('without a code host whoever can sign a few lines tells of a push', async () => {
  const host = await hostOf(gitea);
  const token = host.createToken('gridops');
  const repository = await host.createRepository();
  const url = host.world.cloneUrl(repository.repository);
  const master = await masterOf(url, token);
  const sha = await repository.commit(change);

  const tell = async (secret: string) => {
    const body = JSON.stringify({ repository: url, ref: 'refs/heads/main', after: sha });
    const mac = createHmac('sha256', secret).update(body).digest('hex');
    const headers = {
      'content-type': 'application/json',
      'x-gridops-signature-256': `sha256=${mac}`,
    };
    return await fetch(`${master.url}/webhooks/generic`, { method: 'POST', headers, body });
  };

  expect((await tell('another')).status).toBe(401);
  expect((await tell(SECRET)).status).toBe(202);
  await eventually(async () => {
    const answer = await fetch(`${master.url}/api/v1/grids`, {
      headers: { authorization: `Bearer ${API_TOKEN}` },
    });
    return (await answer.text()).includes('"prod"') ? true : null;
  }, 'the grid that the commit brought');
});
