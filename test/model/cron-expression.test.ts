import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCron } from '../../src/model/cron-expression.ts';

describe('a cron expression', () => {
  test('is read into the values of its fields', () => {
    expect(readCron('*/15 8-10 1,15 feb-apr/2 sun,5-7').fields).toEqual({
      minute: { star: true, values: [0, 15, 30, 45] },
      hour: { star: false, values: [8, 9, 10] },
      day: { star: false, values: [1, 15] },
      month: { star: false, values: [2, 4] },
      weekday: { star: false, values: [0, 5, 6] },
    });
  });

  test.each([
    ['', 0, '', 'has 0 fields, not five'],
    ['every day', 0, 'every day', 'has 2 fields, not five'],
    ['0 0 * * * *', 10, '*', 'is a sixth field: seconds and years are not known here'],
    ['60 0 * * *', 0, '60', 'is no minute'],
    ['0 24 * * *', 2, '24', 'is no hour'],
    ['0 0 0 * *', 4, '0', 'is no day of the month'],
    ['0 0 L * *', 4, 'L', 'is no day of the month'],
    ['0 0 1,32 * *', 6, '32', 'is no day of the month'],
    ['0 0 * 1-13 *', 8, '13', 'is no month'],
    ['0 0 * foo *', 6, 'foo', 'is no month'],
    ['0 0 * * 8', 8, '8', 'is no day of the week'],
    ['0 0 * * fri-mon', 8, 'fri-mon', 'begins after its end'],
    ['0 0 * * 1#2', 8, '1#2', 'is no day of the week'],
    ['5/15 0 * * *', 0, '5/15', 'has a step, but nothing to step through'],
    ['*/0 0 * * *', 2, '0', 'is no step'],
    ['*/99 0 * * *', 2, '99', 'is no step'],
    ['0 1-2-3 * * *', 6, '3', 'is one end too many'],
    ['*/2/3 0 * * *', 4, '3', 'is a second step'],
    ['1,,2 0 * * *', 2, '', 'is no minute'],
    ['-1 0 * * *', 0, '', 'is no minute'],
    ['0 *-5 * * *', 2, '*', 'is no hour'],
    [' @reboot', 1, '@reboot', 'is no nickname of a time'],
    ['x'.repeat(201), 0, 'x'.repeat(201), 'is longer than 200 characters'],
  ])(
    '"%s" is refused with the place, %i, of what is wrong',
    (expression, offset, found, reason) => {
      expect(readCron(expression).fault).toMatchObject({ offset, found, reason });
    },
  );

  test('is never read into nothing, and its faults are where they say', () => {
    const piece = fc.constantFrom(
      '*',
      '/',
      '-',
      ',',
      '0',
      '7',
      '12',
      '59',
      'mon',
      'JAN',
      ' ',
      '@',
      '?',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const expression = pieces.join('');
        const { fields, fault } = readCron(expression);
        if (fault) expect(expression.startsWith(fault.found, fault.offset)).toBe(true);
        else for (const field of Object.values(fields)) expect(field.values).not.toEqual([]);
      }),
    );
  });
});
