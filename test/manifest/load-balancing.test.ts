import { describe, expect, test } from 'vitest';
import { brief, codes, compileService, compileStackFile, theProblem } from './source-tree.ts';

const withImage = (image: string) => compileStackFile(`services:\n  edge: {image: "${image}"}\n`);

describe("Kontena's load balancer", () => {
  test.each(['kontena/lb', 'kontena/lb:latest', 'registry.example.com/kontena/lb:1'])(
    '%s runs, with a warning that nothing is behind it',
    (image) => {
      const compiled = withImage(image);
      expect(brief(theProblem(compiled))).toBe('warning not-supported-yet 2:17');
      expect(theProblem(compiled).message).toContain('passes nothing on');
      expect(compiled.failed).toEqual([]);
    },
  );

  test('is one by its role, too', () => {
    const compiled = compileService('environment: {KONTENA_SERVICE_ROLE: lb}');
    expect(brief(theProblem(compiled))).toBe('warning not-supported-yet 3:12');
  });

  test.each(['haproxy:3.0', 'kontena/lbx:1', 'mykontena/lb:1', 'kontena/lb-stats'])(
    '%s is none',
    (image) => expect(codes(withImage(image))).toEqual([]),
  );

  test('is not asked for its own settings', () => {
    const compiled = compileStackFile(
      'services:\n  edge: {image: kontena/lb, environment: [KONTENA_LB_HEALTH_URI=/up]}\n',
    );
    expect(brief(theProblem(compiled))).toBe('warning not-supported-yet 2:17');
  });

  test.each([
    'environment: {A: b, KONTENA_LB_MODE: http, KONTENA_LB_VIRTUAL_HOSTS: a.example.com}',
    'environment: [A=b, KONTENA_LB_MODE=http, KONTENA_LB_VIRTUAL_HOSTS=a.example.com]',
  ])('is missed once by each service that is to be behind it: %s', (lines) => {
    const problem = theProblem(compileService(lines));
    expect(problem.message).toContain('"KONTENA_LB_MODE" is not acted on yet');
    expect(problem.severity).toBe('warning');
    expect(problem.position.column).toBe(lines.indexOf('KONTENA_LB_MODE') + 5);
  });
});
