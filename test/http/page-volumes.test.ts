import { describe, expect, it } from 'vitest';
import { volumesPage } from '../../src/http/page-volumes.ts';
import type { VolumeList } from '../../src/protocol/volume-api.ts';

const NOW = Date.UTC(2026, 10, 26, 12);
type Volume = VolumeList['volumes'][number];

function aVolume(of: Partial<Volume> = {}): Volume {
  return {
    grid: 'production',
    node: 'web-1',
    name: 'db.db.data-1',
    driver: 'local',
    stack: 'db',
    service: 'db',
    number: 1,
    createdAt: null,
    size: 1_536,
    usedBy: ['db.db-1'],
    unusedSince: null,
    ...of,
  };
}

function shown(of: Partial<VolumeList>): string {
  return String(volumesPage('production', { volumes: [], silent: [], ...of }, NOW));
}

describe('the page of a grid’s volumes', () => {
  it('has those first that no container has, since when, and how one is removed', () => {
    const left = aVolume({
      name: 'old.db.data-1',
      stack: 'old',
      usedBy: [],
      unusedSince: NOW - 3 * 86_400_000,
    });

    const page = shown({ volumes: [aVolume(), left] });

    expect(page.indexOf('old.db.data-1')).toBeLessThan(page.indexOf('db.db-1'));
    expect(page).toContain('3 d ago');
    expect(page).toContain('gridops volume rm production');
    expect(page).toContain('1.5 KiB');
    expect(page).toContain('used by db.db-1');
    expect(page).toContain('of old/db-1');
  });

  it('says which nodes are not in it, and nothing of removing where all are in use', () => {
    const page = shown({ volumes: [aVolume()], silent: [{ node: 'web-2', reason: 'offline' }] });

    expect(page).toContain('What web-2 has is not here: offline');
    expect(page).not.toContain('gridops volume rm');
  });

  it('shows no markup of a name', () => {
    expect(shown({ volumes: [aVolume({ stack: '<b>', service: null })] })).not.toContain('<b>');
  });
});
