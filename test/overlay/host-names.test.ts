import { describe, expect, it, vi } from 'vitest';
import { HostNames } from '../../src/overlay/host-names.ts';
import { untilPasses } from '../support/until-passes.ts';

function aResolver(answers: Record<string, readonly string[]>) {
  const time = { now: 0 };
  const asked: string[] = [];
  const onChange = vi.fn<() => void>();
  const names = new HostNames({
    resolve: async (host) => {
      asked.push(host);
      const answer = answers[host];
      if (answer === undefined) throw new Error('not found');
      return answer;
    },
    clock: { now: () => time.now, sleep: async () => undefined },
    onChange,
  });
  return { names, asked, time, onChange };
}

describe('host names of peers', () => {
  it('are known as soon as the resolver has answered, and nobody waits for it', async () => {
    const { names, onChange } = aResolver({ 'a.example': ['198.51.100.1'] });

    names.follow(['a.example']);
    expect(names.addresses('a.example')).toEqual([]);

    await untilPasses(() => expect(onChange).toHaveBeenCalledOnce());
    expect(names.addresses('a.example')).toEqual(['198.51.100.1']);
  });

  it('are asked for once a minute, however often they are looked at', () => {
    const { names, asked, time } = aResolver({ 'a.example': [] });

    for (let second = 0; second < 60; second += 3) {
      time.now = second * 1_000;
      names.follow(['a.example']);
    }
    expect(asked).toHaveLength(1);
    time.now = 60_000;
    names.follow(['a.example']);
    expect(asked).toHaveLength(2);
  });

  it('are asked for again when the clock was put back', () => {
    const { names, asked, time } = aResolver({ 'a.example': [] });
    time.now = 3_600_000;
    names.follow(['a.example']);

    time.now = 60_000;
    names.follow(['a.example']);

    expect(asked).toHaveLength(2);
  });

  it('keep what was known while the resolver fails, and are forgotten with their peer', async () => {
    const answers: Record<string, readonly string[]> = { 'a.example': ['198.51.100.1'] };
    const { names, asked, time, onChange } = aResolver(answers);
    names.follow(['a.example']);
    await untilPasses(() => expect(onChange).toHaveBeenCalledOnce());

    delete answers['a.example'];
    time.now = 60_000;
    names.follow(['a.example']);
    await untilPasses(() => expect(asked).toHaveLength(2));
    expect(names.addresses('a.example')).toEqual(['198.51.100.1']);

    names.follow([]);
    expect(names.addresses('a.example')).toEqual([]);
  });
});
