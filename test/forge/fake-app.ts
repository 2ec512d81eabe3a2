import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { App, Level, Scope } from './accounts.ts';
import type { World } from './world.ts';

export interface NewApp {
  /** Default `gridops`. */
  readonly slug?: string;
  /** The account that it is installed on; default `acme`. */
  readonly owner?: string;
  readonly permissions?: Readonly<Partial<Record<Scope, Level>>>;
  /** PEM; a key pair is made when absent. */
  readonly publicKey?: string;
  readonly webhook?: AppWebhook;
}

export interface InstalledApp {
  readonly appId: number;
  readonly clientId: string;
  readonly slug: string;
  readonly installationId: number;
  /** PEM (PKCS 8); empty when the public key was given. */
  readonly privateKey: string;
}

interface AppWebhook {
  readonly url: string;
  readonly secret: string;
  readonly events: readonly string[];
}

/** A GitHub App, installed on all repositories of its owner. */
export async function createApp(world: World, options: NewApp): Promise<InstalledApp> {
  const { publicKey, privateKey } = await keysOf(options);
  const owner = world.accounts.user(options.owner ?? 'acme', 'Organization');
  const app = world.accounts.createApp({
    slug: options.slug ?? 'gridops',
    owner,
    permissions: options.permissions ?? { metadata: 'read', contents: 'read', statuses: 'write' },
    events: options.webhook?.events ?? [],
    publicKey,
  });
  if (options.webhook !== undefined) addWebhook(world, app, options.webhook);
  const installation = world.accounts.install(app, owner);
  const { id: appId, clientId, slug } = app;
  return { appId, clientId, slug, installationId: installation.id, privateKey };
}

function addWebhook(world: World, app: App, webhook: AppWebhook): void {
  world.appHooks.set(app.id, {
    id: world.nextId(),
    target: { kind: 'integration', appId: app.id },
    ...webhook,
    contentType: 'json',
    insecureSsl: '0',
    active: true,
    createdAt: app.createdAt,
    updatedAt: app.createdAt,
    lastResponse: null,
  });
}

async function keysOf({
  publicKey,
}: NewApp): Promise<{ readonly publicKey: string; readonly privateKey: string }> {
  if (publicKey !== undefined) return { publicKey, privateKey: '' };
  return await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}
