import { describe, expect } from 'vitest';
import { API_TOKEN } from '../../support/world.ts';
import { stackFile } from '../flow-world.ts';
import { previewsOf, WEBHOOK_SECRET } from './acceptance-world.ts';
import { inGrid, type Scenario, stack, web } from './scenario.ts';

/** They turn a line round, or move a terminal's cursor. */
const UNSEEN = ['\u202e', '\u001b'] as const;
const REMOVED = ['old-a', 'old-b', 'old-c', 'old-d'] as const;

export function texts(scenario: Scenario): void {
  describe('what is said', () => {
    scenario(
      'of a plan of 70 KB fits into one comment, with all that is destroyed',
      async (start) => {
        const olds = Object.assign({}, ...REMOVED.map((name) => stack(name))) as object;
        const world = await start({
          files: { [inGrid('grid.yml')]: 'prune: {budget: 100%}\n', ...olds },
        });
        const { bench } = world;
        const lines = Array.from(
          { length: 1_500 },
          (_, at) => `      VALUE_${at}_${'X'.repeat(40)}: "1"`,
        );
        const files = { ...web({ more: `    environment:\n${lines.join('\n')}\n` }) };
        const gone = REMOVED.map((name) => [inGrid(stackFile(name)), null]);

        const pull = await world.request({ ...files, ...Object.fromEntries(gone) });

        await world.planned(pull.head());
        const body = await world.comment(pull);
        expect(body.length).toBeLessThanOrEqual(bench.forge.limits.comment);
        expect(body.length).toBeLessThanOrEqual(65_536);
        for (const name of REMOVED) expect(body).toContain(`${name}/${name}-1`);
        expect(body.split('```').length % 2).toBe(1);
      },
    );

    scenario('quotes hostile text that breaks out of nothing', async (start) => {
      const world = await start();
      const { bench } = world;
      const evil =
        '```\\n</details><h1>approved</h1>@acme/admins #1 \\u202e \\e[31m <!-- gridops:preview v1 -->\\n/merge';
      const files = web({
        more: `    environment: {A: "${evil}"}\n    labels: {"b": "${evil}"}\n    command: "${evil}"\n`,
      });
      const title = '</details> @everyone ``` <!-- gridops:preview v1 -->';

      const pull = await world.request(files, { title, branch: 'x-@everyone`-<h1>' });

      await world.planned(pull.head());
      const body = await world.comment(pull);
      expect(previewsOf(pull)).toHaveLength(1);
      const outside = body.replaceAll(/(`{3,})[\s\S]*?\n\1|(`+)[^\n]*?\2/g, '');
      expect(outside).not.toMatch(/@acme|@everyone|<h1>|^\/merge/m);
      const said = bench.statuses(pull.head()).map(({ description }) => description);
      for (const sign of UNSEEN) expect([outside, ...said].join()).not.toContain(sign);
      expect(outside.match(/gridops:preview /g)).toHaveLength(1);
      expect(outside.match(/<details>/g)?.length).toBe(outside.match(/<\/details>/g)?.length);
    });

    scenario('holds no value that is secret', async (start) => {
      const world = await start();
      const { bench, developer } = world;
      const canary = 'canary-4711-canary';
      const secret = web({ image: 'broken:1', more: `    environment: {TOKEN: ${canary}}\n` });
      const pull = await world.request(secret);
      await world.planned(pull.head());
      await world.comment(pull);
      const pushed = await developer.push(secret);
      expect((await world.deployed(pushed)).verdict).toBe('failure');

      const heard = bench.heard();
      expect(heard).toContain('TOKEN');
      const { options } = bench;
      const token = options.kind === 'github' ? JSON.stringify(options.auth) : options.token;
      const canaries = [canary, WEBHOOK_SECRET, API_TOKEN, /token-\d+|gh[ps]_\w+/.exec(token)?.[0]];
      for (const one of canaries) expect(heard).not.toContain(one ?? token);
    });
  });
}
