import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Calendar,
  calendarOf,
  duesBetween,
  isTimeZone,
  latestDue,
  nextDue,
  readCalendar,
} from '../../src/model/calendar.ts';

describe('a schedule', () => {
  test.each([
    ['30 3 * * *', '2026-11-26T03:30Z', '2026-11-27T03:30Z'],
    ['*/20 * * * *', '2026-11-26T00:20Z', '2026-11-26T00:40Z'],
    ['5-15/5 0 * * *', '2026-11-26T00:05Z', '2026-11-26T00:10Z'],
    ['0 12 1,15 * *', '2026-12-01T12:00Z', '2026-12-15T12:00Z'],
    ['0 0 1 jan,JUL *', '2027-01-01T00:00Z', '2027-07-01T00:00Z'],
    ['0 9 * * mon-fri', '2026-11-26T09:00Z', '2026-11-27T09:00Z'],
    ['0 9 * * 7', '2026-11-29T09:00Z', '2026-12-06T09:00Z'],
    ['0 9 * * 0', '2026-11-29T09:00Z', '2026-12-06T09:00Z'],
    ['0 9 * * 6-7', '2026-11-28T09:00Z', '2026-11-29T09:00Z'],
    ['@daily', '2026-11-27T00:00Z', '2026-11-28T00:00Z'],
    ['@Weekly', '2026-11-29T00:00Z', '2026-12-06T00:00Z'],
    ['  0\t9  *   * * ', '2026-11-26T09:00Z', '2026-11-27T09:00Z'],
  ])('"%s" is due at %s and %s', (expression, first, second) => {
    const found = firstDues(utc(expression), '2026-11-26T00:00Z', 2);
    expect(found).toEqual([first, second]);
  });

  test('is due on either day where both kinds of day are given', () => {
    const found = firstDues(utc('0 0 13 * 5'), '2026-11-01T00:00Z', 4);
    expect(found).toEqual([
      '2026-11-06T00:00Z',
      '2026-11-13T00:00Z',
      '2026-11-20T00:00Z',
      '2026-11-27T00:00Z',
    ]);
    expect(firstDues(utc('0 0 1-31 * 5'), '2026-11-01T00:00Z', 1)).toEqual(['2026-11-02T00:00Z']);
  });

  test('is due on days that are both where one of them begins with a star', () => {
    const found = firstDues(utc('0 0 */2 * 1'), '2026-11-01T00:00Z', 2);
    expect(found).toEqual(['2026-11-09T00:00Z', '2026-11-23T00:00Z']);
  });

  test('for the 29th of February waits for the leap year', () => {
    const found = firstDues(utc('0 0 29 2 *'), '2097-01-01T00:00Z', 2);
    expect(found).toEqual(['2104-02-29T00:00Z', '2108-02-29T00:00Z']);
  });

  test.each(['0 0 30 2 *', '0 0 31 4,6,9,11 *', '0 0 31 feb */7'])(
    'of a day that does not exist, "%s", is refused rather than looked for',
    (expression) => {
      const { fault } = readCalendar({ expression, timeZone: 'UTC' });
      expect(fault?.reason).toBe('never comes: none of its months has such a day');
    },
  );
});

describe('where summer time begins', () => {
  const night = '2026-03-28T12:00Z';

  test.each([
    ['30 2 * * *', ['2026-03-29T01:00Z', '2026-03-30T00:30Z']],
    ['0 2,3 * * *', ['2026-03-29T01:00Z', '2026-03-30T00:00Z']],
    ['0-30/10 2 * * *', ['2026-03-29T01:00Z', '2026-03-30T00:00Z']],
    ['30 1,2,3 * * *', ['2026-03-29T00:30Z', '2026-03-29T01:00Z', '2026-03-29T01:30Z']],
  ])('a time that does not exist, "%s", is due once, at the next that does', (expression, dues) => {
    expect(firstDues(berlin(expression), night, dues.length)).toEqual(dues);
  });

  test.each([
    ['*/30 2 * * *', ['2026-03-30T00:00Z', '2026-03-30T00:30Z']],
    ['15 */2 * * *', ['2026-03-28T13:15Z', '2026-03-28T15:15Z']],
  ])('an interval, "%s", goes by the hours that there are', (expression, dues) => {
    expect(firstDues(berlin(expression), night, dues.length)).toEqual(dues);
  });

  test('a day that begins at one is still due on that day', () => {
    const schedule = calendarOf({ expression: '0 0 * * *', timeZone: 'America/Santiago' });
    const found = firstDues(schedule, '2026-09-05T12:00Z', 2);
    expect(found).toEqual(['2026-09-06T04:00Z', '2026-09-07T03:00Z']);
  });

  test('a change of half an hour is one, too', () => {
    const schedule = calendarOf({ expression: '15 2 * * *', timeZone: 'Australia/Lord_Howe' });
    const found = firstDues(schedule, '2026-10-03T00:00Z', 2);
    expect(found).toEqual(['2026-10-03T15:30Z', '2026-10-04T15:15Z']);
  });
});

describe('where summer time ends', () => {
  const night = '2026-10-24T12:00Z';

  test.each([
    ['30 2 * * *', ['2026-10-25T00:30Z', '2026-10-26T01:30Z']],
    ['30 2,3 * * *', ['2026-10-25T00:30Z', '2026-10-25T02:30Z']],
  ])('a time that comes twice, "%s", is due the first time', (expression, dues) => {
    expect(firstDues(berlin(expression), night, dues.length)).toEqual(dues);
  });

  test('an interval is due in both hours', () => {
    const found = firstDues(berlin('*/30 2 * * *'), night, 5);
    expect(found.slice(0, 4)).toEqual([
      '2026-10-25T00:00Z',
      '2026-10-25T00:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:30Z',
    ]);
    expect(found[4]).toBe('2026-10-26T01:00Z');
  });

  test('the one before is the first of the two', () => {
    const due = latestDue(berlin('30 2 * * *'), Date.parse('2026-10-25T01:45Z'));
    expect(due).toBe(Date.parse('2026-10-25T00:30Z'));
  });
});

describe('the times of a schedule', () => {
  const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/Havana', 'Australia/Lord_Howe');
  const field = (least: number, most: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: 2, max: 6 }).map((step) => `*/${step}`),
      fc
        .uniqueArray(fc.integer({ min: least, max: most }), { minLength: 1, maxLength: 3 })
        .map((values) => values.join(',')),
    );
  const schedule = fc.record({
    expression: fc
      .tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7))
      .map((fields) => fields.join(' ')),
    timeZone: zone,
  });
  const time = fc.integer({ min: Date.parse('2025-01-01Z'), max: Date.parse('2028-01-01Z') });

  test('come after one another, and are found from either side', () => {
    fc.assert(
      fc.property(schedule, time, (written, at) => {
        const calendar = calendarOf(written);
        const due = nextDue(calendar, at);
        if (due === null) return;
        expect(due).toBeGreaterThan(at);
        expect(due % 60_000).toBe(0);
        expect(latestDue(calendar, due)).toBe(due);
        expect(latestDue(calendar, due + 999)).toBe(due);
        expect(latestDue(calendar, due - 1)).not.toBe(due);
        expect(nextDue(calendar, due - 1)).toBe(due);
      }),
      { numRuns: 60 },
    );
  }, 30_000);

  test('lie after the first and up to the last of a span, and are no more than asked for', () => {
    const hourly = utc('@hourly');
    const from = Date.parse('2026-11-26T01:00Z');
    const to = Date.parse('2026-11-26T03:00Z');
    expect(duesBetween(hourly, { from, to, limit: 10 }).map(text)).toEqual([
      '2026-11-26T02:00Z',
      '2026-11-26T03:00Z',
    ]);
    expect(duesBetween(hourly, { from: 0, to, limit: 3 })).toHaveLength(3);
    expect(duesBetween(hourly, { from: to, to: from, limit: 3 })).toEqual([]);
  });
});

describe('a time zone', () => {
  test.each(['UTC', 'Europe/Berlin', 'america/new_york', 'Etc/GMT+2'])('is %s', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });

  test.each(['', 'Mars/Phobos', '+02:00', 'Europe/Berlin ', '../etc/passwd', 'x'.repeat(9_999)])(
    'is not "%s"',
    (name) => {
      expect(isTimeZone(name)).toBe(false);
    },
  );
});

function utc(expression: string): Calendar {
  return calendarOf({ expression, timeZone: 'UTC' });
}

function berlin(expression: string): Calendar {
  return calendarOf({ expression, timeZone: 'Europe/Berlin' });
}

function firstDues(calendar: Calendar, after: string, limit: number): readonly string[] {
  const from = Date.parse(after);
  return duesBetween(calendar, { from, to: Number.POSITIVE_INFINITY, limit }).map(text);
}

function text(time: number): string {
  return new Date(time).toISOString().replace(':00.000Z', 'Z');
}
