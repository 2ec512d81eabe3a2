import { describe, expect, it } from 'vitest';
import { lazySerializers } from '../../src/http/lazy-serializers.ts';

const route = { method: 'GET', url: '/', httpStatus: '200' };

describe('what writes the replies of a route', () => {
  it('is made when the first one is written, and once', () => {
    let looks = 0;
    const schema = {
      type: 'object',
      get properties() {
        looks += 1;
        return { name: { type: 'string' } };
      },
    };
    const write = lazySerializers({}, {})({ ...route, schema });
    expect(looks).toBe(0);

    expect(write({ name: 'web', password: 'secret' })).toBe('{"name":"web"}');
    const once = looks;
    expect(write({ name: 'db' })).toBe('{"name":"db"}');

    expect(once).toBeGreaterThan(0);
    expect(looks).toBe(once);
  });
});
