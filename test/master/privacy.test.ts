import { expect, it } from 'vitest';
import { createPrivacy } from '../../src/master/privacy.ts';

const clock = { now: () => time, sleep: async () => await Promise.resolve() };
let time = 0;

function aPrivacy(answers: (boolean | Error)[]) {
  const asked: string[] = [];
  const isPrivate = createPrivacy({
    clock,
    repository: { owner: 'acme', name: 'grids' },
    forge: {
      isPrivate: async ({ name }) => {
        asked.push(name);
        const answer = answers.shift() ?? false;
        if (answer instanceof Error) throw answer;
        return await Promise.resolve(answer);
      },
    },
  });
  return { isPrivate, asked };
}

it('is asked for once a minute', async () => {
  const { isPrivate, asked } = aPrivacy([true, false]);
  expect([await isPrivate(), await isPrivate()]).toEqual([true, true]);
  time += 60_000;
  expect(await isPrivate()).toBe(false);
  expect(asked).toHaveLength(2);
});

it('is not taken for granted where nobody answers', async () => {
  expect(await aPrivacy([new Error('the forge is down')]).isPrivate()).toBe(false);
});
