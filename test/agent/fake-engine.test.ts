import { systemClock } from '../../src/runtime/clock.ts';
import { describeEngineContract } from '../support/engine-contract.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { describeHandsContract } from '../support/hands-contract.ts';

describeEngineContract('the fake engine', async () => {
  const engine = new FakeEngine({
    clock: systemClock,
    images: {
      'serves:1': {
        hooks: {
          fails: { exitCode: 7, log: ['no table'] },
          hangs: { takes: null },
          slow: { takes: 2_000, exitCode: 1 },
        },
      },
      'exits:1': { exitAfter: 0, log: ['reading the settings', 'cannot find the settings'] },
    },
  });
  return {
    containers: engine,
    engine,
    scope: { grid: 'demo', node: 'node-1', publishAddress: '0.0.0.0' },
    images: { serves: 'serves:1', exits: 'exits:1' },
    freePort: 8080,
    end: async () => undefined,
  };
});

describeHandsContract('the fake engine', async () => {
  const engine = new FakeEngine({ clock: systemClock, images: { 'serves:1': {} } });
  return {
    containers: engine,
    engine,
    scope: { grid: 'demo', node: 'node-1', publishAddress: '0.0.0.0' },
    images: { serves: 'serves:1', exits: 'serves:1' },
    freePort: 8080,
    end: async () => undefined,
    hands: {
      pause: async (name) => engine.pause(name),
      unpause: async (name) => engine.unpauseByHand(name),
      rename: async (name, to) => engine.renameByHand(name, to),
      kill: async (name) => engine.kill(name),
      limitMemory: async (name, memory) => engine.update(name, { Memory: memory }),
      disconnect: async (name) => engine.disconnect(name),
      connectElsewhere: async (name) => {
        engine.connect(name, 'other');
        return 'other';
      },
    },
  };
});
