import { expect, it } from 'vitest';
import { Journal } from './journal.ts';

function numbers(...entries: readonly number[]): Journal<number> {
  const journal = new Journal<number>(String);
  for (const entry of entries) journal.add(entry);
  return journal;
}

it('finds what was there before', async () => {
  const journal = numbers(1, 2, 3);
  expect(await journal.waitFor((entry) => entry > 1, { what: 'such number' })).toBe(2);
});

it('finds what comes later, for everybody who waits', async () => {
  const journal = numbers(1);
  const waiting = [2, 2, 3].map((wanted) =>
    journal.waitFor((entry) => entry === wanted, { what: 'such number' }),
  );
  journal.add(2);
  journal.add(3);
  expect(await Promise.all(waiting)).toEqual([2, 2, 3]);
});

it('says what was seen when time is up', async () => {
  const options = { what: 'four', timeout: 10 };
  await expect(numbers(1, 2).waitFor((entry) => entry === 4, options)).rejects.toThrow(
    'no four within 10 ms; seen: 1; 2',
  );
  await expect(numbers().waitFor(() => true, options)).rejects.toThrow('seen: nothing');
});
