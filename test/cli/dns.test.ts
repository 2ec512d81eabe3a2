import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NamesView, NameView } from '../../src/discovery/names-view.ts';
import { TestGrid } from '../discovery/grid.ts';
import { anAsker, aRecord } from '../discovery/records.ts';
import { untilPasses } from '../support/until-passes.ts';
import { EXIT, runGridops } from './test-cli.ts';

let folder: string;
let grid: TestGrid;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gridops-dns-'));
  grid = new TestGrid({ net: 83, socket: join(folder, 'dns.sock') });
  const one = grid.start(1, [1, 2]);
  const at = (last: number) => ({ address: grid.address(1, last) });
  one.publish(
    [
      aRecord('shop/web-1', { ...at(1), names: ['shop'] }),
      aRecord('shop/web-2', { ...at(2), ready: false }),
      aRecord('shop/web-3', { ...at(3), draining: true }),
      aRecord('shop/web-4', { ...at(4), healthy: false }),
      aRecord(`shop/${'long'.repeat(16)}-1`, at(5)),
      aRecord('data/db-1', at(6)),
    ],
    [anAsker({ address: grid.address(1, 1), links: [{ target: 'db.data', alias: 'db' }] })],
  );
  await untilPasses(() => expect(one.view().dns.listening).toBe(true));
});

afterAll(async () => {
  await grid.stop();
  await rm(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]) => runGridops(['dns', ...args, '--data', folder]);

describe('gridops dns', () => {
  it('shows every record, where it is from, and why it does not answer', async () => {
    const { code, out } = await run();
    expect(code).toBe(EXIT.done);
    expect(out).toMatch(
      /^demo\.kontena\.local, as node node-1 knows it; it answers at 127\.83\.0\.1:/,
    );
    const rows = out.split('\n').map((row) => row.replaceAll(/ +/g, ' '));
    const line = (instance: string) => rows.find((row) => row.startsWith(instance));
    expect(line('node-2')).toContain('unheard never');
    expect(line('shop/web-1')).toMatch(/ 127\.83\.128\.1 node-1 [0-9a-f]{12} ready yes$/);
    expect(line('shop/web-2')).toMatch(/running no: it is not ready, and others are$/);
    expect(line('shop/web-3')).toMatch(/draining no: it is about to be stopped$/);
    expect(line('shop/web-4')).toMatch(/unhealthy no: it is unhealthy$/);
    expect(line('shop/long')).toMatch(/no: its name is too long for DNS$/);
  });

  it('explains a name as a container of a stack would look for it', async () => {
    const { code, out } = await run('web', '--stack', 'shop');
    expect(code).toBe(EXIT.done);
    expect(out).toMatch(/web\.shop\.demo\.kontena\.local: a service; those that are ready answer/);
    expect(out).toContain('also known as: ');
    expect(out).toContain('web-1.shop.demo.kontena.local, shop, shop.demo.kontena.local');
  });

  it('never leads a container out of the grid by the name of a service', async () => {
    const { code, out } = await run('web-4.shop', '--stack', 'data');
    expect(code).toBe(EXIT.failed);
    expect(out).not.toContain('outside of the grid');
    expect((await run('web-4.shop')).out).toContain('outside of the grid');
  });

  it('goes by the links of a container on this host', async () => {
    const from = grid.address(1, 1);
    const { out } = await run('demo', 'db', '--from', from, '--json');
    const view = JSON.parse(out) as NameView;
    expect(view).toMatchObject({
      asker: { address: from, stack: 'shop' },
      tried: [
        {
          name: 'db.shop.demo.kontena.local',
          outcome: 'answers',
          alias: 'db',
          target: 'db.data.demo.kontena.local',
          addresses: [grid.address(1, 6)],
        },
      ],
    });
  });

  it.each([
    [
      'db',
      EXIT.failed,
      /db\.demo\.kontena\.local: no such name.*\n.* db: no such name, and nobody/,
    ],
    ['example.com', EXIT.failed, /example\.com: outside of the grid, the host's name servers/],
    ['node-2.node', EXIT.done, /node-2\.node\.demo\.kontena\.local: a node; .*\n +127\.83\.0\.2/],
    ['web-4.shop', EXIT.failed, /one instance of a service; none of them may answer now/],
    ['shop.demo.kontena.local', EXIT.done, /a further name of services/],
    ['data-db-1.kontena.local', EXIT.done, /by its legacy name/],
  ])('says what becomes of %s', async (name, code, wanted) => {
    const result = await run(name);
    expect([result.code, result.out]).toEqual([code, expect.stringMatching(wanted)]);
  });

  it('prints all it knows as JSON', async () => {
    const view = JSON.parse((await run('demo', '--json')).out) as NamesView;
    expect(view).toMatchObject({ grid: 'demo', node: { number: 1 }, dns: { listening: true } });
    expect(view.records).toHaveLength(6);
  });

  it('knows one grid only', async () => {
    const { code, err } = await run('other', 'web');
    expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('is in the grid demo')]);
  });

  it('says what to do where there is no agent', async () => {
    const { code, err } = await runGridops(['dns', '--data', join(folder, 'none')]);
    expect([code, err]).toEqual([
      EXIT.failed,
      expect.stringContaining('give its directory: --data'),
    ]);
  });
});
