import { describe, expect, test } from 'vitest';
import { brief, compileService, theProblem, theService } from './source-tree.ts';

const beside = (rule: string) => compileService(`affinity: ["${rule}"]`, '  db: {image: db}');

describe('an affinity to a service', () => {
  test.each([
    ['service==db', 'db'],
    // As in Kontena's apps, where services of the project "shop" were called "shop-…" outside of their file.
    ['service==shop-db', 'db'],
    ['service!=~shop-db', 'db'],
    ['service!=web', 'web'],
    ['service==infra/lb', 'infra/lb'],
    ['service==/^d/', '/^d/'],
    ['service==db-%s', 'db-%s'],
    ['container==shop-db', 'shop-db'],
  ])('%s is one to %s', (rule, value) => {
    expect(theService(beside(rule)).affinity).toMatchObject([{ value }]);
  });

  test.each([
    ['service==database', 'no node satisfies that', 'Write "service==STACK/SERVICE"'],
    ['service==other-db', 'no node satisfies that', 'Write "service==STACK/SERVICE"'],
    ['service!=dbb', 'nothing is kept away', 'Did you mean "db"?'],
  ])('%s is a warning when the stack has none of that name', (rule, effect, hint) => {
    const compiled = beside(rule);
    const problem = theProblem(compiled);
    expect(brief(problem)).toBe('warning unknown-service 4:16');
    expect(problem.message).toContain(effect);
    expect(problem.hint).toContain(hint);
    expect(compiled.failed).toEqual([]);
  });
});
