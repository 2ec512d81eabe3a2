import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function docker(...args) {
  const { stdout } = await run('docker', args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

export async function ids(filter) {
  const found = await docker('ps', '--all', '--quiet', '--no-trunc', '--filter', filter);
  return found === '' ? [] : found.split('\n');
}

/** A small image from busybox alone; the same for every contender. */
export async function buildImage(tag) {
  const tar = spawn('tar', ['-C', '/', '-c', '--transform', 's,^,/,', 'bin/busybox'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const load = spawn(
    'docker',
    [
      'import',
      '--change',
      'ENTRYPOINT ["/bin/busybox"]',
      '--change',
      'CMD ["sleep","86400"]',
      '-',
      tag,
    ],
    { stdio: [tar.stdout, 'ignore', 'inherit'] },
  );
  const [code] = await once(load, 'close');
  if (code !== 0) throw new Error(`docker import failed with ${code}`);
}

/**
 * Tells when `count` more containers of an image have started, by the engine's own event stream: the same clock for
 * everyone, and nobody pays for polling.
 */
export async function startsOf(image, count) {
  const filters = encodeURIComponent(
    JSON.stringify({ type: ['container'], event: ['start'], image: [image] }),
  );
  const stream = request({
    socketPath: '/var/run/docker.sock',
    path: `/events?filters=${filters}`,
  });
  stream.end();
  const [response] = await once(stream, 'response');
  let seen = 0;
  const done = new Promise((resolve) => {
    response.on('data', (chunk) => {
      seen += chunk.toString().split('"status":"start"').length - 1;
      if (seen >= count) resolve(performance.now());
    });
  });
  return {
    /** Resolves to the moment of the last start; rejects after `seconds`. */
    within: async (seconds) => {
      const late = new Promise((_, reject) =>
        setTimeout(
          () => reject(new Error(`${seen} of ${count} started in ${seconds} s`)),
          seconds * 1_000,
        ).unref(),
      );
      try {
        return await Promise.race([done, late]);
      } finally {
        stream.destroy();
      }
    },
  };
}

/** `pause` in milliseconds: asking must not be what is measured. */
export async function waitFor(condition, what, { seconds = 60, pause = 50 } = {}) {
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  throw new Error(`${what} took longer than ${seconds} s`);
}
