import { describe, expect, test } from 'vitest';
import { brief, compileFiles, GRID_FILE, STACK_FILE } from './source-tree.ts';

function compileGrid(text: string) {
  return compileFiles({ [GRID_FILE]: text, [STACK_FILE]: 'services:\n  web: {image: web}\n' });
}

describe('deploy windows', () => {
  test('are read with their schedule, time zone and duration', () => {
    const { grid, problems } = compileGrid(`
deploy:
  windows:
    - {schedule: "0 22 * * 1-5", duration: 2h, timezone: Europe/Berlin}
    - {schedule: "@monthly", duration: 1d, kind: deny}
`);
    expect(problems).toEqual([]);
    expect(grid?.windows).toEqual([
      {
        kind: 'allow',
        schedule: { expression: '0 22 * * 1-5', timeZone: 'Europe/Berlin' },
        duration: 7_200,
      },
      { kind: 'deny', schedule: { expression: '@monthly', timeZone: 'UTC' }, duration: 86_400 },
    ]);
  });

  test('are no part of a grid that has none', () => {
    expect(compileGrid('deploy: {windows: []}').grid).not.toHaveProperty('windows');
  });

  test.each([
    ['{schedule: "0 25 * * *", duration: 1h}', 'error bad-schedule 1:31'],
    ['{schedule: "0 1 * * *", duration: soon}', 'error bad-duration 1:54'],
    ['{schedule: "0 1 * * *", duration: 0}', 'error bad-duration 1:54'],
    ['{schedule: "0 1 * * *", duration: 1h, timezone: Berlin}', 'error bad-schedule 1:68'],
    ['{schedule: "0 1 * * *", duration: 1h, kind: maybe}', 'error wrong-value 1:64'],
    ['{duration: 1h}', 'error missing-key 1:20'],
    ['{schedule: "0 1 * * *"}', 'error missing-key 1:20'],
  ])('%s is refused where it is written', (window, problem) => {
    const compiled = compileGrid(`deploy: {windows: [${window}]}`);
    expect(compiled.problems.map(brief)).toEqual([problem]);
    expect(compiled.grid).toBeNull();
  });
});
