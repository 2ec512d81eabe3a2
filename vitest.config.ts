import { defineConfig } from 'vitest/config';

const quick = { testTimeout: 20_000, hookTimeout: 20_000 };
const slow = { testTimeout: 180_000, hookTimeout: 180_000 };
const apart = ['test/flow/**', 'test/forge/**', 'test/docker/**', 'test/network/**'];

// Projects run one after the other (groupOrder): what waits for processes and containers must not compete with the rest.
export default defineConfig({
  test: {
    pool: 'forks',
    // A catch for what never comes, no promise of how soon: those stand in the tests that make them.
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/sync/**', ...apart],
          // Nothing in src keeps module state, so files can share a process.
          isolate: false,
          sequence: { groupOrder: 0 },
          ...quick,
        },
      },
      {
        extends: true,
        test: {
          // Starts git all the time, which takes longer the larger the process is; the one of all unit tests grows large.
          name: 'git',
          include: ['test/sync/**/*.test.ts'],
          isolate: false,
          sequence: { groupOrder: 1 },
          ...quick,
        },
      },
      {
        extends: true,
        test: {
          name: 'flow',
          include: ['test/{flow,forge}/**/*.test.ts'],
          // Loading master, agent and forge anew for each file would take nearly as long as what is done with them.
          isolate: false,
          sequence: { groupOrder: 2 },
          ...slow,
        },
      },
      {
        extends: true,
        test: {
          name: 'docker',
          include: ['test/docker/**/*.test.ts'],
          // One engine, one file at a time: ports and timings are shared.
          fileParallelism: false,
          sequence: { groupOrder: 3 },
          ...slow,
        },
      },
      {
        extends: true,
        test: {
          // What a grid's network has to stand: three hosts, one file, two minutes.
          name: 'network',
          include: ['test/network/overlay.test.ts'],
          globalSetup: 'test/network/setup.ts',
          fileParallelism: false,
          sequence: { groupOrder: 4 },
          ...slow,
        },
      },
      {
        extends: true,
        test: {
          name: 'hosts',
          include: ['test/network/**/*.test.ts'],
          exclude: ['test/network/overlay.test.ts'],
          globalSetup: 'test/network/setup.ts',
          // Each file has hosts of its own, and they have the machine for themselves.
          fileParallelism: false,
          sequence: { groupOrder: 5 },
          ...slow,
        },
      },
    ],
  },
});
