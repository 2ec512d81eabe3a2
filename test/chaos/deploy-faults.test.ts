import { describe, expect, it } from 'vitest';
import type { FoundContainer } from './containers.ts';
import { containerFaults } from './deploy-faults.ts';

const web: FoundContainer = {
  id: 'a1',
  name: 'app.web-1',
  host: 'h1',
  isRunning: true,
  isPaused: false,
  environment: ['TEXT=two'],
  instance: 'app/web-1',
};
const wanted = [{ instance: 'app/web-1', variable: 'TEXT=two' }];

describe('the containers of a grid', () => {
  it('are in order when each instance runs once, as wanted', () => {
    expect(containerFaults([web], wanted)).toEqual([]);
  });

  it.each([
    ['is missing', []],
    ['runs twice', [web, { ...web, host: 'h2' }]],
    ['is paused', [{ ...web, isPaused: true }]],
    ['has stopped', [{ ...web, isRunning: false }]],
    ['is of another version', [{ ...web, environment: ['TEXT=one'] }]],
    ['is not wanted', [web, { ...web, instance: 'guest/guest-1' }]],
  ])('are at fault when one %s', (_, found) => {
    expect(containerFaults(found, wanted)).toHaveLength(1);
  });
});
