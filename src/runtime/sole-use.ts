import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Holds a name on this host that one process at a time can have, until that process ends, however it ends: the kernel keeps
 * it. `secret` makes the name one that no other user of the host can guess and hold instead. Resolves to how to let go;
 * `null`: another process holds it. Where there are no abstract sockets (anywhere but on Linux), everybody may have it.
 *
 * Needs Node.js 20.8 (nodejs/node#49667).
 */
export async function holdAlone(secret: string): Promise<(() => Promise<void>) | null> {
  if (process.platform !== 'linux') return () => Promise.resolve();
  const name = `\0gridops-${createHash('sha256').update(secret).digest('hex')}`;
  const server = createServer((socket) => socket.destroy());
  server.unref();
  const isOurs = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    server.listen(name, () => resolve(true));
  });
  if (!isOurs) return null;
  return () => new Promise((resolve) => server.close(() => resolve()));
}
