import { PassThrough } from 'node:stream';
import type { ReadStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { createStdin, type StdinOptions } from '../../src/cli/stdin.ts';

function aTerminal() {
  const modes: boolean[] = [];
  const stream = new PassThrough() as unknown as ReadStream & PassThrough;
  stream.setRawMode = (mode) => {
    modes.push(mode);
    return stream;
  };
  const stopping = new AbortController();
  let printed = '';
  const options: StdinOptions = {
    isTerminal: true,
    open: () => stream,
    print: (text) => {
      printed += text;
    },
    stop: stopping.signal,
    interrupt: () => stopping.abort(new Error('stopped')),
  };
  return { stdin: createStdin(options), stream, modes, stopping, printed: () => printed };
}

describe('what is typed', () => {
  it('is neither shown nor echoed by the terminal', async () => {
    const { stdin, stream, modes, printed } = aTerminal();
    const asked = stdin.ask('value: ');
    stream.write('sec');
    stream.write('ret\r');
    expect(await asked).toBe('secret');
    expect(modes).toEqual([true, false]);
    expect(printed()).toBe('value: \n');
    expect(stream.destroyed).toBe(true);
  });

  it('leaves the terminal as it was when it is given up or refused', async () => {
    for (const keys of ['ab\u0003', 'a\rb\r']) {
      const { stdin, stream, modes } = aTerminal();
      const asked = stdin.ask('value: ');
      stream.write(keys);
      await expect(asked).rejects.toThrow();
      expect(modes).toEqual([true, false]);
    }
  });

  it('leaves the terminal as it was when the command is stopped', async () => {
    const { stdin, modes, stopping } = aTerminal();
    const asked = stdin.ask('value: ');
    stopping.abort(new Error('stopped'));
    await expect(asked).rejects.toThrow();
    expect(modes).toEqual([true, false]);
    await expect(stdin.ask('value: ')).rejects.toThrow('stopped');
  });
});

describe('what is piped in', () => {
  it('is read to its end', async () => {
    const { stdin, stream } = aTerminal();
    stream.write('a\n');
    stream.end('b');
    expect((await stdin.read(10)).toString()).toBe('a\nb');
  });

  it('is not read beyond a bound', async () => {
    const { stdin, stream } = aTerminal();
    stream.write('abc');
    await expect(stdin.read(2)).rejects.toThrow('longer than 2 bytes');
  });
});
