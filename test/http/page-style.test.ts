import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { liveScript } from '../../src/http/page-live.ts';
import { style } from '../../src/http/page-style.ts';

/** Text colour on the grounds that it is used on. */
const pairs = [
  ...['text', 'muted', 'link'].flatMap((text) => [
    [text, 'ground'],
    [text, 'panel'],
  ]),
  ['text', 'code-ground'],
  ['panel', 'link'],
  ...['good', 'bad', 'wait', 'busy', 'calm'].flatMap((tone) => [
    [tone, `${tone}-ground`],
    [tone, 'ground'],
    [tone, 'panel'],
  ]),
];

describe.each(palettes())('the $name palette', ({ colours }) => {
  it.each(pairs)('has %s readable on %s', (text = '', ground = '') => {
    expect(contrast(colours.get(text), colours.get(ground))).toBeGreaterThanOrEqual(4.5);
  });
});

describe('the style sheet', () => {
  it('uses only colours that it defines', () => {
    const defined = new Set(style.match(/--[a-z-]+(?=:)/g));
    for (const [used] of style.matchAll(/(?<=var\()--[a-z-]+/g)) expect(defined).toContain(used);
  });

  it('loads nothing from anywhere', () => {
    expect(style).not.toMatch(/@import|url\(/);
  });
});

describe('the live script', () => {
  it('is a script', () => {
    expect(() => new Script(liveScript)).not.toThrow();
  });

  it('builds no markup from text', () => {
    expect(liveScript).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|eval\(/);
  });
});

function palettes(): { name: string; colours: Map<string, string> }[] {
  const blocks = [...style.matchAll(/:root \{([^}]*)\}/g)].map(([, block = '']) => block);
  return ['light', 'dark'].map((name, index) => ({
    name,
    colours: new Map(
      [...(blocks[index] ?? '').matchAll(/--([a-z-]+): (#[0-9a-f]{6})/g)].map(
        ([, key = '', value = '']) => [key, value],
      ),
    ),
  }));
}

/** WCAG 2: relative luminances, lighter over darker. */
function contrast(a = '#000000', b = '#000000'): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
