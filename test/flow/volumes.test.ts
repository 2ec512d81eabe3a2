import { afterEach, describe, expect, it } from 'vitest';
import type { VolumeList } from '../../src/protocol/volume-api.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;
let engine: FakeEngine;

afterEach(async () => {
  await world.stop();
});

const VOLUME = 'db.db.data-1';
const db = () => ({
  [stackFile('db')]:
    `${stackOf('db', { more: '    stateful: true\n    volumes: ["data:/data"]\n' })}volumes:\n  data: {}\n`,
});

async function volumes(): Promise<VolumeList> {
  return await world.api<VolumeList>(`grids/${world.grid}/volumes`);
}

/** The status of what the API answered. */
async function remove(node: string, confirm: string): Promise<number> {
  const path = `grids/${world.grid}/nodes/${node}/volumes/${VOLUME}?confirm=${confirm}`;
  return await world.apiStatus('DELETE', path);
}

describe('volumes', () => {
  it('outlive their service, are listed with whose they were, and go only when a person names them twice', async () => {
    ({ world, engine } = await startFlowWorld({
      files: { 'grid.yml': 'prune: {budget: 100%}\n', ...db(), [stackFile('web')]: stackOf('web') },
    }));
    await world.final(await world.work.head());
    const [used] = (await volumes()).volumes;
    const node = used?.node ?? '';
    const whileUsed = await remove(node, VOLUME);

    const sha = await world.push({ [stackFile('db')]: null });
    const held = await eventually(async () => {
      const found = (await world.deploys()).find((one) => one.sha === sha);
      return found?.phase === 'held' ? await world.deploy(found.id) : null;
    }, 'a held deploy');
    await world.api(`deploys/${held.id}/approve`, { planHash: held.plan?.hash });
    await world.final(sha);

    expect(used).toMatchObject({ name: VOLUME, service: 'db', number: 1, usedBy: ['db.db-1'] });
    expect(whileUsed).toBe(400);
    expect(engine.names).toEqual(['web.web-1']);
    const left = await volumes();
    expect(left).toMatchObject({ silent: [], volumes: [{ name: VOLUME, usedBy: [] }] });
    expect(await remove(node, 'db.db.data-2')).toBe(400);
    expect((await volumes()).volumes).toHaveLength(1);

    expect(await remove(node, VOLUME)).toBe(204);

    expect((await volumes()).volumes).toEqual([]);
    const events = (await world.events()).filter(({ kind }) => kind.startsWith('volume-'));
    expect(events.map(({ kind }) => kind)).toContain('volume-removed');
    expect(events[0]?.message).toContain(VOLUME);
  });
});
