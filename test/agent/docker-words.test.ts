import { describe, expect, it } from 'vitest';
import { engineError, pullError } from '../../src/agent/docker-error.ts';
import { FrameTail, logLines } from '../../src/agent/docker-log.ts';
import { imageReference } from '../../src/agent/image-reference.ts';
import { PullProgress } from '../../src/agent/pull-progress.ts';
import { GridError } from '../../src/model/error.ts';

/** As dockerode throws it. */
function answer(statusCode: number, message: string): Error {
  const text = `(HTTP code ${statusCode}) unexpected - ${message} `;
  return Object.assign(new Error(text), { statusCode, json: { message } });
}

function broken(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

describe('what the engine says', () => {
  it.each([
    [
      answer(409, 'Conflict. The container name "/a" is already in use by container "b".'),
      'name-taken',
      'later',
    ],
    [answer(409, 'removal of container a is already in progress'), 'engine-refused', 'later'],
    [answer(404, 'No such image: web:9'), 'image-not-found', 'never'],
    [answer(404, 'No such container: a'), 'not-found', 'never'],
    [
      answer(
        500,
        'driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated',
      ),
      'port-taken',
      'later',
    ],
    [answer(500, 'listen tcp4 127.0.0.1:80: bind: address already in use'), 'port-taken', 'later'],
    [answer(400, 'invalid reference format'), 'engine-refused', 'never'],
    [answer(500, 'no such driver'), 'engine-refused', 'later'],
    [broken('ECONNREFUSED'), 'engine-unreachable', 'later'],
    [broken('ENOENT'), 'engine-unreachable', 'later'],
  ])('%s is %s', (error, code, retry) => {
    expect(engineError(error, 'start container a')).toMatchObject({ code, retry });
  });

  it('is passed on in its own words', () => {
    expect(engineError(answer(500, 'no such driver'), 'start container a').message).toBe(
      'cannot start container a: no such driver',
    );
  });

  it('of a streamed answer is passed on without the words around it', () => {
    const error = Object.assign(answer(500, 'no such driver'), { json: null });

    expect(pullError(error, 'web:9').message).toBe('cannot pull image web:9: no such driver');
  });

  it('about a socket that may not be opened comes with the cure', () => {
    expect(engineError(broken('EACCES'), 'list').hint).toContain('group docker');
  });

  it('already understood stays as it is', () => {
    const error = new GridError({ code: 'port-taken', message: 'taken' });

    expect(engineError(error, 'start')).toBe(error);
  });

  it.each([
    ['manifest for web:9 not found: manifest unknown: manifest unknown', 'image-not-found'],
    [
      'pull access denied for x, repository does not exist or may require docker login',
      'image-not-found',
    ],
    [
      'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
      'image-pull-failed',
    ],
    [
      'Head "https://r.io/v2/web/manifests/9": unauthorized: authentication required',
      'registry-refused',
    ],
    ['Head "http://r.io/v2/web/manifests/9": no basic auth credentials', 'registry-refused'],
    ['unauthorized: incorrect username or password', 'registry-refused'],
    ['Head "https://ghcr.io/v2/acme/web/manifests/9": denied', 'registry-refused'],
    ['denied: access forbidden', 'registry-refused'],
    ['open /var/lib/docker/tmp/GetImageBlob1: permission denied', 'image-pull-failed'],
    [
      'Get "https://r.io/v2/": dial tcp 10.0.0.1:443: connect: connection refused',
      'image-pull-failed',
    ],
    ['toomanyrequests: You have reached your pull rate limit', 'image-pull-failed'],
    ['write /var/lib/docker/tmp/GetImageBlob1: no space left on device', 'disk-full'],
    ['no matching manifest for linux/arm64/v8 in the manifest list entries', 'image-not-found'],
    [
      'image with reference web:9 was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64',
      'image-not-found',
    ],
  ])('about a pull, "%s", is %s', (text, code) => {
    expect(pullError(new Error(text), 'web:9')).toMatchObject({ code });
  });
});

function frame(stream: number, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

describe('a full disk', () => {
  it('is told with what to do, and that it is tried again', () => {
    const text = 'failed to create rwlayer: mkdir /var/lib/docker: no space left on device';
    const refusal = Object.assign(new Error(text), { statusCode: 500, json: { message: text } });

    const error = engineError(refusal, 'create container web-1');

    expect(error).toMatchObject({ code: 'disk-full', retry: 'later' });
    expect(error.message).toContain('docker system df');
    expect(error.message).toContain(text);
  });
});

describe('a log', () => {
  it('is read across frames and streams', () => {
    const frames = Buffer.concat([frame(1, 'one\ntw'), frame(1, 'o\n'), frame(2, 'three\n')]);

    expect(logLines(frames, 20)).toEqual(['one', 'two', 'three']);
  });

  it('ends with its last lines', () => {
    const text = Array.from({ length: 50 }, (_, index) => `line ${index}`).join('\n');

    expect(logLines(frame(1, text), 2)).toEqual(['line 48', 'line 49']);
  });

  it('loses colours and control characters, and what is too long', () => {
    const [line, long] = logLines(
      frame(1, `\u001b[31mred\u001b[0m\u0007\ttab\r\n${'x'.repeat(5_000)}`),
      20,
    );

    expect(line).toBe('red\ttab');
    expect(long).toHaveLength(1_001);
  });

  it('that breaks off is read as far as it goes', () => {
    expect(logLines(frame(1, 'whole\nhalf').subarray(0, 16), 20)).toEqual(['whole', 'ha']);
    expect(logLines(Buffer.from('???'), 20)).toEqual([]);
  });
});

describe('the end of an output', () => {
  it('is read from frames that come in pieces', () => {
    const tail = new FrameTail();
    const frames = Buffer.concat([frame(1, 'one\ntw'), frame(2, 'o\nthree\n')]);

    for (const byte of frames) tail.add(Buffer.from([byte]));

    expect(tail.lines(2)).toEqual(['two', 'three']);
  });

  it('is all that is kept of an output, however long it is', () => {
    const tail = new FrameTail();

    for (let count = 0; count < 500; count += 1)
      tail.add(frame(1, `${'x'.repeat(10_000)}${count}\n`));

    expect(tail.lines(500).length).toBeLessThan(10);
  });

  it('is not taken from what is no log', () => {
    const tail = new FrameTail();

    expect(() => tail.add(Buffer.alloc(64, 0xff))).toThrow('without an end');
  });
});

describe('the name of an image', () => {
  it.each([
    ['nginx', 'nginx', 'latest'],
    ['nginx:1.27', 'nginx', '1.27'],
    ['localhost:5000/web', 'localhost:5000/web', 'latest'],
    ['localhost:5000/web:2', 'localhost:5000/web', '2'],
    ['nginx@sha256:abc', 'nginx', 'sha256:abc'],
  ])('%s is %s with tag %s', (image, name, tag) => {
    expect(imageReference(image)).toEqual({ name, tag });
  });

  it.each(['', '../containers/x', 'a//b', 'web?x=1', 'we b', '-web', 'a'.repeat(2_000)])(
    'cannot be %j',
    (image) => {
      expect(() => imageReference(image)).toThrow(/is not the name of an image/);
    },
  );
});

describe('the progress of a pull', () => {
  const line = (value: object): string => `${JSON.stringify(value)}\r\n`;
  const loading = (id: string, current: number, total: number): string =>
    line({ id, status: 'Downloading', progressDetail: { current, total } });

  it('is the share of all layers, told now and then', () => {
    const told: number[] = [];
    const progress = new PullProgress((percent) => told.push(percent));

    progress.add(loading('a', 10, 100), 0);
    progress.add(loading('a', 50, 100), 100);
    progress.add(loading('a', 50, 100) + loading('b', 0, 100), 600);
    progress.add(line({ id: 'a', status: 'Pull complete' }), 1_200);

    expect(told).toEqual([10, 25, 50]);
  });

  it('survives lines that come in halves and lines that are no JSON', () => {
    const told: number[] = [];
    const progress = new PullProgress((percent) => told.push(percent));
    const text = loading('a', 10, 100);

    progress.add(text.slice(0, 20), 0);
    progress.add(`${text.slice(20)}nonsense\n`, 1);

    expect(told).toEqual([10]);
  });

  it('keeps what the registry refused', () => {
    const progress = new PullProgress(() => undefined);

    progress.add(line({ error: 'unauthorized', errorDetail: { message: 'unauthorized' } }), 0);

    expect(progress.error).toBe('unauthorized');
  });
});
