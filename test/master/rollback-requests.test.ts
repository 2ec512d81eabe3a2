import { describe, expect, it } from 'vitest';
import { createRollbackRequests } from '../../src/master/rollback-requests.ts';
import { GridError } from '../../src/model/error.ts';
import type { Rollback } from '../../src/protocol/rollback-api.ts';
import { silentLog } from '../../src/runtime/log.ts';
import type { Deploy } from '../../src/store/deploys.ts';
import { aFailure, aPlan } from '../support/builders.ts';

const halted = { stack: 'shop', service: 'web', number: 1, node: 'a', remaining: 0 };
const unready = JSON.stringify(aPlan({ halted: [{ ...halted, failure: aFailure() }] }));

/** A deploy of demo, unless it says otherwise; later ones have greater numbers. */
function aDeploy(number: number, overrides: Partial<Deploy> = {}): Deploy {
  return {
    id: `018f-${number}`,
    grid: 'demo',
    repository: 'grids',
    sha: `${number}`.repeat(40),
    inputs: 'i',
    trigger: 'push',
    actor: null,
    problems: [],
    createdAt: number,
    phase: 'failed',
    planHash: null,
    summary: null,
    total: 1,
    done: 0,
    message: 'it fails',
    approvedHash: null,
    supersededBy: null,
    carried: [],
    sources: [],
    startedAt: number,
    finishedAt: number,
    planText: null,
    planJson: null,
    remainingJson: unready,
    ...overrides,
  };
}

/** What is asked for, in order; `answer` is what becomes of each. */
function requesting(answer: () => Promise<void> = async () => await Promise.resolve()) {
  const asked: string[] = [];
  const known = new Map<string, Deploy>();
  const requests = createRollbackRequests({
    deploys: { get: async (id) => await Promise.resolve(known.get(id) ?? null) },
    rollbacks: {
      rollBack: async (grid, { head }) => {
        asked.push(`${grid} ${head?.slice(0, 1)}`);
        await answer();
        return {} as Rollback;
      },
    },
    log: silentLog,
  });
  const announce = (deploy: Deploy): void => {
    known.set(deploy.id, deploy);
    requests.announced(deploy);
  };
  return { asked, announce };
}

describe('a deploy that fails', () => {
  it('is asked to be gone back from once, however often it is announced', async () => {
    const { asked, announce } = requesting();
    announce(aDeploy(1));
    announce(aDeploy(1));
    announce(aDeploy(2));
    announce(aDeploy(1, { grid: 'other' }));
    await expect.poll(() => asked).toEqual(['demo 1', 'demo 2', 'other 1']);
  });

  it('is nobody’s news once a later one of its grid has failed', async () => {
    const { asked, announce } = requesting();
    announce(aDeploy(2));
    announce(aDeploy(1));
    announce(aDeploy(3));
    await expect.poll(() => asked).toEqual(['demo 2', 'demo 3']);
  });

  it('is tried again when what was in the way heals by itself', async () => {
    const later = new GridError({
      code: 'repository-unreachable',
      message: 'away',
      retry: 'later',
    });
    const { asked, announce } = requesting(async () => await Promise.reject(later));
    announce(aDeploy(1));
    await expect
      .poll(() => {
        announce(aDeploy(1));
        return asked.length;
      })
      .toBeGreaterThan(1);
  });
});
