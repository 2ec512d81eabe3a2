import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { holdAlone } from '../../src/runtime/sole-use.ts';

describe.skipIf(process.platform !== 'linux')('what one process has alone', () => {
  it('is refused to a second one until the first lets go', async () => {
    const secret = randomUUID();
    const letGo = await holdAlone(secret);
    expect(await holdAlone(secret)).toBeNull();
    expect(await holdAlone(randomUUID())).not.toBeNull();
    await letGo?.();
    const again = await holdAlone(secret);
    expect(again).not.toBeNull();
    await again?.();
  });
});
