import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type PreviewCommentInput,
  previewComment,
  previewMarker,
} from '../../src/forge/preview-comment.ts';
import type { GridPreview, Preview, PreviewOutcome } from '../../src/model/preview.ts';
import {
  aGridPreview,
  anEventfulGridPreview,
  aPreview,
  aPreviewedPlan,
  aPreviewedStep,
} from '../support/a-preview.ts';
import { effort } from '../support/effort.ts';
import { hostileText, withTexts } from './hostile.ts';
import { nodesOf, parse, structure } from './markdown-structure.ts';

const pageUrl = 'https://gridops.example/previews/1';

function comment(preview: Preview, overrides: Partial<PreviewCommentInput> = {}): string {
  const limits = { comment: 65_536 };
  const rest = { previous: null, pageUrl, stale: null, limits, html: true, ...overrides };
  return previewComment({ preview, ...rest });
}

function planned(...grids: readonly GridPreview[]): Preview {
  return aPreview({ outcome: { kind: 'planned', grids } });
}

function of(outcome: PreviewOutcome): string {
  return comment(aPreview({ outcome }));
}

function losing(grid: string, danger: string): GridPreview {
  const steps = [aPreviewedStep({ kind: 'remove', path: `shop/${grid}-1`, danger })];
  return aGridPreview({ grid, plan: aPreviewedPlan({ steps }) });
}

/** A grid in which as much as that is destroyed, and as much changes. */
function destroying(count: number, changes = 0): GridPreview {
  const steps = Array.from({ length: count }, (_, at) =>
    aPreviewedStep({ kind: 'remove', path: `shop/db-${at + 1}`, danger: 'removed' }),
  );
  return aGridPreview({
    plan: aPreviewedPlan({ steps }),
    changes: Array.from({ length: changes }, (_, at) => ({
      path: `shop/service-${at}`,
      kind: 'changed' as const,
      values: Array.from({ length: 10 }, (__, key) => ({
        key: `environment.VARIABLE_${key}`,
        before: 'a'.repeat(100),
        after: 'b'.repeat(100),
      })),
      count: 10,
    })),
  });
}

describe('the comment of a preview', () => {
  test('reads well', () => {
    expect(comment(planned(anEventfulGridPreview()))).toMatchInlineSnapshot(`
      "<!-- gridops:preview v1 repo=company/grids pr=12 -->
      Plan for \`3f2a9c1\` onto \`main\` \`84aaee9\` · 2027-01-15 08:00 UTC

      ### ❌ 1 error, which holds back a part; 2 to create, 1 to replace, 2 to remove (2 destructive, 1 of data)

      | Grid | + | ~ | − | ! | Verdict |
      |---|--:|--:|--:|--:|---|
      | \`demo\` | 2 | 1 | 2 | 2 | ❌ 1 error, which holds back a part; 2 to create, 1 to replace, 2 to remove (2 destructive, 1 of data) |

      **Destructive: 2 steps**

      \`\`\`diff
      - demo shop/db-1 on n1: removed; volume shop.db.data-1 stays on n1, used by nothing (waits for confirmation)
      - demo shop/web-3 on n3: removed
      \`\`\`

      **Problems: 1**

      \`\`\`text
      error: grids/demo/stacks/shop/kontena.yml:4:5 there is no key "imaeg". Did you mean "image"?
      \`\`\`

      **Not deployed at once**

      \`\`\`text
      demo: closed until 2027-01-15 08:00 UTC: outside of the deploy windows
      \`\`\`

      **Removals have to be confirmed**

      \`\`\`text
      demo: removes stateful shop/db-1
      \`\`\`

      **Fits on no node: 2 instances**

      \`\`\`text
      demo shop/api-2, shop/api-3: no node fits
          affinity: has no label ssd (n2, n3)
      \`\`\`

      **Down for a moment: 1 instance**

      \`\`\`text
      demo shop/web-1 on n1: it stops before the new one starts: both need port 80/tcp of the node
      \`\`\`

      <details>
      <summary><code>demo</code>: 3 services changed, 5 steps</summary>

      Settings of the grid

      \`\`\`diff
      - mtu: 1370
      + mtu: 1400
      \`\`\`

      Services

      \`\`\`diff
      # shop/api: new
      + image: shop/api:1
      # shop/db: removed
      # shop/web: changed
      ! environment.DB_PASSWORD: (hidden), changed
      - environment.LOG_LEVEL: info
      + environment.LOG_LEVEL: debug
      - image: shop/web:1
      + image: shop/web:2
      # … and 1 more
      \`\`\`

      Secrets

      \`\`\`diff
      ! secret db-password: changed
      - secret old: removed
      \`\`\`

      Images to pull

      \`\`\`text
      shop/api:1: size not known, on n1
      shop/web:2: 123 MB, on n1, n2
      \`\`\`

      Steps

      \`\`\`diff
      ! replace shop/web-1 on n1, wave 1
      + create shop/api-1 on n1, wave 1
      + create blog/web-1 on n2, wave 1, whether this is merged or not
      \`\`\`

      Waiting

      \`\`\`text
      blog/job-1 on n1 failed before: exited with code 1
      shop/web-2: shop/db has not converged
      \`\`\`

      Warnings

      \`\`\`text
      volume data of shop/web is local to each node
      \`\`\`

      </details>

      - What cannot be deployed stays as it runs now; the rest is deployed by merging.
      - Where a grid is closed, it is deployed by itself when that is over.
      - Removals wait until somebody confirms them after the merge: \`gridops approve demo\`.
      - To take it back later, revert the merge commit.
      - \`/gridops plan\` plans it again, \`/gridops help\` says what else there is.

      [This plan, as it stays](<https://gridops.example/previews/1>)

      <!-- gridops:state {"id":"01a9c0de-0000-7000-8000-000000000001","head":"3f2a9c1d5e6b7a8091a2b3c4d5e6f708192a3b4c","base":"84aaee9d5e6b7a8091a2b3c4d5e6f708192a3b4c"} -->
      "
    `);
  });

  test('is found by what it begins with', () => {
    const marker = previewMarker({ owner: 'company', name: 'grids' }, 12, true);
    expect(marker).toBe('<!-- gridops:preview v1 repo=company/grids pr=12 -->');
    expect(comment(aPreview()).startsWith(`${marker}\n`)).toBe(true);
  });

  test('is one line where nothing changes', () => {
    const text = comment(planned());
    expect(text.split('\n').filter((line) => line !== '')).toEqual([
      expect.stringContaining('gridops:preview'),
      expect.stringContaining('Plan for `3f2a9c1` onto `main` `84aaee9`'),
      'No changes to deploy.',
      expect.stringContaining('gridops:state'),
    ]);
  });

  test('shows what is destroyed outside of what is folded away', () => {
    const text = comment(planned(anEventfulGridPreview()));
    const at = text.indexOf('- demo shop/db-1 on n1: removed; volume shop.db.data-1');
    expect(at).toBeGreaterThan(0);
    expect(at).toBeLessThan(text.indexOf('<details>'));
  });

  test('says how a fork is allowed, what conflicts, and what of ours failed', () => {
    expect(of({ kind: 'fork' })).toContain('`/gridops plan`');
    expect(of({ kind: 'conflict', files: ['grids/demo/grid.yml'] })).toContain(
      'grids/demo/grid.yml',
    );
    const failed = of({ kind: 'failed', message: 'took longer than 60 s', hint: 'Make it less.' });
    expect(failed).toContain('took longer than 60 s\nMake it less.');
  });

  test('says of a draft that it is one, and of an old plan that it does not hold', () => {
    const draft = { ...aPreview().request, isDraft: true };
    expect(comment(aPreview({ request: draft }))).toContain('a draft');
    expect(comment(aPreview(), { stale: 'the base moved' })).toContain(
      '**Out of date: `the base moved`. Planning again.**',
    );
  });

  test('says whether the plan is another than before', () => {
    const preview = planned(anEventfulGridPreview());
    const previous = { ...preview, head: 'f'.repeat(40) };
    expect(comment(preview, { previous })).toContain('The same as the plan for `fffffff`');
    const other = planned(aGridPreview({ plan: aPreviewedPlan({ hash: 'other' }) }));
    expect(comment(preview, { previous: other })).toContain('Other than the plan for');
  });

  test('has no markup of HTML for a forge that shows it as text', () => {
    const text = comment(planned(anEventfulGridPreview()), { html: false });
    expect(nodesOf(parse(text), 'html')).toEqual([]);
    expect(text.startsWith(previewMarker({ owner: 'company', name: 'grids' }, 12, false))).toBe(
      true,
    );
    expect(nodesOf(parse(text), 'definition').length).toBe(2);
  });
});

describe('a comment of too much', () => {
  test('keeps every line of what is destroyed, and leaves out the rest', () => {
    const text = comment(planned(destroying(300, 500)));
    expect(text.length).toBeLessThanOrEqual(60_000);
    for (const n of [1, 150, 300]) expect(text).toContain(`- demo shop/db-${n} on n1: removed\n`);
    expect(text).toContain('Too much for one comment');
    expect(text).toContain(pageUrl);
  });

  test('names loss of data before removals, in whatever grid it is', () => {
    const text = comment(planned(losing('a', 'removed'), losing('b', 'removed; volume x stays')));
    expect(text.indexOf('- b shop/b-1')).toBeLessThan(text.indexOf('- a shop/a-1'));
    expect(text).toContain('2 to remove (2 destructive, 1 of data)');
  });

  test('counts what is destroyed, and links to it, where even that is too much', () => {
    const text = comment(planned(destroying(10_000)));
    expect(text.length).toBeLessThanOrEqual(60_000);
    expect(text).toContain('**Destructive: 10000 steps**');
    expect(text).toMatch(/… and \d+ more, see the page of this plan/);
    expect(text).toContain(pageUrl);
  });

  test('is within the limit of any forge, however much there is, and whole', () => {
    const amounts = fc.record({
      grids: fc.integer({ min: 1, max: 250 }),
      dangers: fc.constantFrom(0, 1, 50, 1_000),
      changes: fc.constantFrom(0, 3, 60),
      limit: fc.constantFrom(1_500, 4_000, 32_768, 65_536, 1_000_000),
      html: fc.boolean(),
    });
    fc.assert(
      fc.property(amounts, ({ grids, dangers, changes, limit, html }) => {
        const few = Math.min(grids, dangers > 50 || changes > 3 ? 5 : 250);
        const all = Array.from({ length: few }, (_, at) => ({
          ...destroying(dangers, changes),
          grid: `grid-${at}`,
        }));
        const text = comment(planned(...all), { limits: { comment: limit }, html });
        expect(text.length).toBeLessThanOrEqual(Math.min(60_000, limit));
        expectWhole(text, html);
        const total = few * dangers;
        const lines = text.split('\n').filter((line) => /^- grid-\d+ shop\/db/.test(line)).length;
        if (lines < total) expect(text).toMatch(new RegExp(`[Dd]estructive: ${total} step`));
        if (lines < total) expect(text).toContain(pageUrl);
      }),
      { numRuns: 30 },
    );
  });
});

describe('signatures', () => {
  const bad = { isGood: false, text: 'commit 3f2a9c1d5e6b of Ada ("x") is not signed' };
  const good = { isGood: true, text: 'signed' };

  test('that are missing are said where they are wanted, and fail nothing', () => {
    const text = comment(
      planned(
        aGridPreview({ grid: 'live', signature: bad }),
        aGridPreview({ grid: 'test', signature: good }),
      ),
    );
    expect(text).toContain('**Not signed** as the master wants it\n\n```text\nlive: commit 3f2a9c');
    expect(text).toContain('Signed as the master wants it: `test`.');
    expect(text).toContain('- After the merge its commit must be signed by somebody');
    expect(text).not.toContain('nothing else has to be done');
    expect(text).toContain('### ✅');
  });

  test('that nobody wants are not spoken of', () => {
    expect(comment(planned(aGridPreview()))).not.toMatch(/[Ss]igned/);
  });

  test('are text of others, and in code', () => {
    fc.assert(
      fc.property(hostileText, (evil) => {
        const shape = (text: string) =>
          structure(parse(comment(planned(aGridPreview({ signature: { isGood: false, text } })))));
        expect(shape(evil)).toBe(shape('plain'));
      }),
    );
  });
});

describe('hostile text in a comment', () => {
  const scene = fc.record({
    outcome: fc.constantFrom<PreviewOutcome>(
      { kind: 'planned', grids: [anEventfulGridPreview(), anEventfulGridPreview('staging')] },
      { kind: 'conflict', files: ['a', 'b'] },
      { kind: 'failed', message: 'a', hint: 'b' },
      { kind: 'fork' },
    ),
    text: hostileText,
    html: fc.boolean(),
    stale: fc.boolean(),
  });

  test('changes nothing about what a comment is made of', () => {
    fc.assert(
      fc.property(scene, ({ outcome, text, html, stale }) => {
        const tame = aPreview({ outcome });
        const wild = { ...withTexts(tame, () => text), at: tame.at };
        const options = (word: string) => ({ html, stale: stale ? word : null });
        const [one, other] = [comment(wild, options(text)), comment(tame, options('moved'))];
        expect(structure(parse(one))).toBe(structure(parse(other)));
        expectWhole(one, html);
      }),
      { numRuns: 100 },
    );
  });

  test('is nowhere but in code', () => {
    fc.assert(
      fc.property(scene, ({ outcome, text, html }) => {
        const tree = parse(
          comment(
            withTexts(aPreview({ outcome }), () => text),
            { html },
          ),
        );
        for (const { value } of nodesOf(tree, 'text')) {
          expect(value).not.toContain('EVIL');
          expect(value).not.toMatch(/[@#]\w|:\/\//);
        }
        expect(nodesOf(tree, 'image')).toEqual([]);
        expect(nodesOf(tree, 'footnoteReference')).toEqual([]);
        for (const { url } of nodesOf(tree, 'link')) expect(url).toBe(pageUrl);
      }),
      { numRuns: 100 },
    );
  });

  test('of a megabyte takes no more room than a line', async () => {
    const long = '`@company/everybody</details>\u202e'.repeat(40_000);
    const preview = planned(withTexts(anEventfulGridPreview(), () => long));
    let text = '';
    expect(await effort(() => (text = comment(preview)))).toBeLessThan(2_000);
    expect(text.length).toBeLessThan(60_000);
    expectWhole(text, true);
  });

  test('has nothing in it that cannot be seen', () => {
    fc.assert(
      fc.property(scene, ({ outcome, text, html }) => {
        const body = comment(
          withTexts(aPreview({ outcome }), () => text),
          { html },
        );
        expect(body).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

/** Its markers are there, at both ends and nowhere else, and what is folded away is opened and closed in turn. */
function expectWhole(text: string, html: boolean): void {
  const tree = parse(text);
  const markup = nodesOf(tree, 'html').map(({ value }) => value);
  if (!html) {
    expect(markup).toEqual([]);
    return;
  }
  const kinds = markup.map((value) => {
    if (/^<!-- gridops:preview v1 repo=[^<>]* pr=\d+ -->\n?/.test(value)) return 'begin';
    if (/^<!-- gridops:state \{[^<>]*\} -->$/.test(value)) return 'end';
    if (/^<details>\n<summary><code>[^<>@]*<\/code>: [\w ,;:()]*<\/summary>$/.test(value))
      return 'open';
    return value === '</details>' ? 'close' : value;
  });
  expect(kinds.join(' ')).toMatch(/^begin(?: open close)* end$/);
  expect(tree.children.every(({ type }) => type !== 'blockquote')).toBe(true);
}
