import { describe, expect, test } from 'vitest';
import { parseCron, parseTimeZone } from '../../src/manifest/schedule.ts';

describe('a schedule', () => {
  test('is taken as it is written', () => {
    expect(parseCron(' 0 3 * * mon-fri ')).toEqual({ value: '0 3 * * mon-fri' });
  });

  test.each([
    ['0 25 * * *', '"25" is no hour (character 3 of "0 25 * * *")'],
    ['0 3 * *', '"0 3 * *" has 4 fields, not five'],
    ['0 0 31 2 *', '"0 0 31 2 *" never comes: none of its months has such a day'],
    ['0 0 \u202e * *', '"\\u{202e}" is no day of the month (character 5 of "0 0 \\u{202e} * *")'],
  ])('"%s" is refused with its place', (text, message) => {
    expect(parseCron(text).fault).toMatchObject({ code: 'bad-schedule', message });
  });
});

describe('a time zone', () => {
  test('is taken by its name', () => {
    expect(parseTimeZone('Europe/Berlin')).toEqual({ value: 'Europe/Berlin' });
  });

  test('that is misspelt is refused with what was meant', () => {
    expect(parseTimeZone('Europe/Berln').fault).toEqual({
      code: 'bad-schedule',
      message: '"Europe/Berln" is no time zone',
      hint: 'Did you mean "Europe/Berlin"? Write its name in the IANA database, for example "Europe/Berlin" or "UTC".',
    });
  });
});
