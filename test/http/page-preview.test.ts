import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { previewPage, previewSection } from '../../src/http/page-preview.ts';
import { previewView } from '../../src/master/preview-view.ts';
import type { PreviewOutcome } from '../../src/model/preview.ts';
import { decodeReply } from '../../src/protocol/api.ts';
import { Preview } from '../../src/protocol/preview-api.ts';
import { hostileText, withTexts } from '../forge-client/hostile.ts';
import {
  aGridPreview,
  anEventfulGridPreview,
  aPreview,
  aPreviewedPlan,
  aPreviewedStep,
} from '../support/a-preview.ts';
import { NOW } from './fake-operations.ts';
import { startServer } from './test-server.ts';

const newest = { outdated: null, newer: null };

function pageOf(outcome: PreviewOutcome): string {
  return String(previewPage(previewView(aPreview({ outcome }), newest), NOW));
}

describe('the page of a preview', () => {
  it('says whether its commit is signed, where that is wanted', () => {
    const of = (isGood: boolean, text: string) =>
      pageOf({ kind: 'planned', grids: [aGridPreview({ signature: { isGood, text } })] });
    expect(of(true, 'signed as the master wants it')).toContain(
      'Its commit is signed as the master wants it.',
    );
    const bad = of(false, 'commit 3f2a of <b>Ada</b> is not signed');
    expect(bad).toContain('After the merge its commit must be signed by somebody');
    expect(bad).toContain('Commit 3f2a of &lt;b&gt;Ada&lt;/b&gt; is not signed.');
    expect(pageOf({ kind: 'planned', grids: [aGridPreview()] })).not.toMatch(/signed/);
  });

  it('says when it does not hold any more, and where the one is that does', () => {
    const of = (standing: Parameters<typeof previewView>[1]) =>
      String(previewPage(previewView(aPreview(), standing), NOW));
    expect(of(newest)).not.toMatch(/newer|Out of date/);
    expect(of({ ...newest, outdated: 'base moved' })).toContain('Out of date: base moved.');
    const newer = '01a9c0de-0000-7000-8000-000000000002';
    expect(of({ outdated: 'base moved', newer })).toContain(
      `<a href="/previews/${newer}">a newer plan</a> of #12`,
    );
    expect(of({ outdated: 'base moved', newer })).not.toContain('Out of date');
  });

  it('tells what is destroyed before anything else, and folds none of it away', () => {
    const page = pageOf({ kind: 'planned', grids: [anEventfulGridPreview()] });
    const at = page.indexOf('volume shop.db.data-1 stays on n1');
    expect(at).toBeGreaterThan(0);
    expect(at).toBeLessThan(page.indexOf('<details'));
    expect(at).toBeLessThan(page.indexOf('shop/api:1'));
  });

  it('has all that was found', () => {
    const page = pageOf({ kind: 'planned', grids: [anEventfulGridPreview()] });
    for (const text of [
      'Update the shop',
      'there is no key',
      'closed until 2027-01-15',
      'removes stateful shop/db-1',
      '2 instances fit on no node',
      'both need port 80/tcp of the node',
      '- image: shop/web:1',
      '+ image: shop/web:2',
      '! environment.DB_PASSWORD: (hidden), changed',
      'db-password',
      '123 MB, on n1, n2',
      'whether this is merged or not',
      'exited with code 1',
      'local to each node',
    ])
      expect(page).toContain(text);
  });

  it('counts what was not kept', () => {
    const steps = [aPreviewedStep({ danger: 'removed', kind: 'remove' })];
    const grid = aGridPreview({
      plan: aPreviewedPlan({ steps }),
      counts: { destructive: 10_000, remove: 10_000, changes: 7, create: 3 },
    });
    const page = pageOf({ kind: 'planned', grids: [grid] });
    for (const text of ['and 9999 more', 'and 7 more', 'and 3 more']) expect(page).toContain(text);
  });

  it('says what to do where there is no plan', () => {
    expect(pageOf({ kind: 'planned', grids: [] })).toContain('No changes to deploy.');
    expect(pageOf({ kind: 'conflict', files: ['a.yml'] })).toContain('a.yml');
    expect(pageOf({ kind: 'fork' })).toContain('/gridops plan');
    expect(pageOf({ kind: 'failed', message: 'too large', hint: null })).toContain('too large');
  });

  it('links to no address but those of the web', () => {
    const request = { ...aPreview().request, url: 'javascript:alert(1)' };
    const page = String(previewPage(previewView(aPreview({ request }), newest), NOW));
    expect(page).not.toContain('javascript:');
  });

  it('has no markup of what others wrote', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const preview = withTexts(
          aPreview({ outcome: { kind: 'planned', grids: [anEventfulGridPreview()] } }),
          () => text,
        );
        const page = String(previewPage(previewView(preview, newest), NOW));
        expect(page).not.toMatch(/<(?:script|img|h1>✅|\/details><h1)/);
        expect(page).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b\ufeff]/);
        const count = (tag: string) => page.split(tag).length;
        expect(count('<details')).toBe(count('</details>'));
      }),
      { numRuns: 50 },
    );
  });
});

describe('previews of a grid', () => {
  it('take no room where there are none', () => {
    expect(previewSection([], NOW)).toBeNull();
  });

  it('are on its page and in the API, as whole as they are typed', async () => {
    const server = await startServer();
    try {
      const preview = previewView(
        aPreview({ outcome: { kind: 'planned', grids: [anEventfulGridPreview('production')] } }),
        newest,
      );
      server.operations.previewList = [preview];
      const page = await (await server.page('/grids/production')).text();
      expect(page).toContain(`<a class="name" href="/previews/${preview.id}">Update the shop</a>`);
      expect((await server.page(`/previews/${preview.id}`)).status).toBe(200);
      expect((await server.page('/previews/none')).status).toBe(404);

      const reply = await server.api(`/api/v1/previews/${preview.id}`);
      expect(decodeReply(Preview, await reply.json())).toEqual(preview);
      const list = await server.api('/api/v1/grids/production/previews');
      const { previews } = (await list.json()) as { previews: unknown[] };
      expect(preview).toMatchObject(previews[0] ?? {});
      expect(previews[0]).not.toHaveProperty('outcome');
      expect((await server.api('/api/v1/previews/none')).status).toBe(404);
    } finally {
      await server.close();
    }
  });
});
