import path from 'node:path';
import { createViteServer } from 'vitest/node';

const ROOT = path.resolve(import.meta.dirname, '..');

/**
 * Imports a module of the tests, which are TypeScript and are never built: Node 20 cannot read it, the packages of the
 * test runner can. `file` is relative to the root of the repository.
 */
export async function importTypeScript(file) {
  const server = await createViteServer({
    root: ROOT,
    configFile: false,
    appType: 'custom',
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, watch: null, hmr: false, ws: false },
  });
  try {
    return await server.ssrLoadModule(`/${file}`);
  } finally {
    await server.close();
  }
}
