import { expect, test } from 'vitest';
import { hostHeard } from '../../src/master/host-heard.ts';
import { aHostReport, aTakenPort } from '../support/builders.ts';

const known = aHostReport({ ports: [aTakenPort(80)], volumes: ['data'] });

test('what is reported as before stays the same object', () => {
  const images = [{ name: 'shop/web:2', bytes: 5 }];
  const heard = hostHeard({ ports: [aTakenPort(80)], volumes: ['data'], images }, known);
  expect(heard.ports).toBe(known.ports);
  expect(heard.volumes).toBe(known.volumes);
  expect(heard.images).toBe(images);
});

test('what is reported otherwise is what counts', () => {
  const report = aHostReport({ ports: [aTakenPort(443)], volumes: [] });
  expect(hostHeard(report, known)).toEqual(report);
  expect(hostHeard(report, null)).toBe(report);
});
