import { createPublicKey, type KeyObject, randomBytes, verify } from 'node:crypto';
import type { Clock } from '../../src/runtime/clock.ts';
import { badCredentials, type Refusal } from './refusal.ts';

export type Level = 'none' | 'read' | 'write' | 'admin';

/** The permissions of a GitHub App that the fake asks for. */
export type Scope =
  | 'metadata'
  | 'contents'
  | 'statuses'
  | 'issues'
  | 'pull_requests'
  | 'deployments'
  | 'checks'
  | 'repository_hooks'
  | 'administration';

export interface User {
  readonly id: number;
  readonly login: string;
  readonly type: 'User' | 'Organization' | 'Bot';
}

export interface App {
  readonly id: number;
  readonly clientId: string;
  readonly slug: string;
  readonly owner: User;
  readonly bot: User;
  readonly publicKey: KeyObject;
  readonly permissions: Readonly<Partial<Record<Scope, Level>>>;
  readonly events: readonly string[];
  readonly createdAt: number;
}

export interface Installation {
  readonly id: number;
  readonly app: App;
  readonly account: User;
  readonly createdAt: number;
}

export type Actor =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly user: User; readonly level: Level }
  | { readonly kind: 'app'; readonly app: App }
  | { readonly kind: 'installation'; readonly installation: Installation };

interface Token {
  readonly actor: Actor;
  /** Milliseconds since the epoch; null: never. */
  readonly expiresAt: number | null;
}

const HOUR_MS = 3_600_000;
/** "The maximum is 10 minutes": GitHub's page on JSON web tokens for an app. */
const JWT_LIFE_S = 600;
const RANK: readonly Level[] = ['none', 'read', 'write', 'admin'];

/** Who exists, and who is behind an `Authorization` header. */
export class Accounts {
  readonly #clock: Clock;
  readonly #nextId: () => number;
  readonly #users = new Map<string, User>();
  readonly #tokens = new Map<string, Token>();
  readonly apps = new Map<number, App>();
  readonly installations = new Map<number, Installation>();

  constructor(clock: Clock, nextId: () => number) {
    this.#clock = clock;
    this.#nextId = nextId;
  }

  /** The user of that name, made on the spot if need be. */
  user(login: string, type: User['type'] = 'User'): User {
    const known = this.#users.get(login.toLowerCase());
    if (known !== undefined) return known;
    const user = { id: this.#nextId(), login, type };
    this.#users.set(login.toLowerCase(), user);
    return user;
  }

  find(login: string): User | null {
    return this.#users.get(login.toLowerCase()) ?? null;
  }

  createToken(login: string, level: Level): string {
    return this.#token('ghp_', { kind: 'user', user: this.user(login), level }, null);
  }

  /** The highest level of any of the user's tokens. */
  levelOf(user: User): Level {
    const actors = [...this.#tokens.values()].map(({ actor }) => actor);
    const levels = actors.map((actor) =>
      actor.kind === 'user' && actor.user.id === user.id ? actor.level : 'none',
    );
    return levels.reduce((best, level) => (atLeast(level, best) ? level : best), 'none');
  }

  revokeToken(token: string): void {
    this.#tokens.delete(token);
  }

  createApp(
    options: Pick<App, 'slug' | 'owner' | 'permissions' | 'events'> & {
      readonly publicKey: string;
    },
  ): App {
    const id = this.#nextId();
    const app: App = {
      ...options,
      id,
      clientId: `Iv23li${String(id).padStart(14, '0')}`,
      bot: this.user(`${options.slug}[bot]`, 'Bot'),
      publicKey: createPublicKey(options.publicKey),
      createdAt: this.#clock.now(),
    };
    this.apps.set(id, app);
    return app;
  }

  install(app: App, account: User): Installation {
    const installation = { id: this.#nextId(), app, account, createdAt: this.#clock.now() };
    this.installations.set(installation.id, installation);
    return installation;
  }

  /** One hour, as on GitHub. */
  createInstallationToken(installation: Installation): {
    readonly token: string;
    readonly expiresAt: number;
  } {
    const expiresAt = this.#clock.now() + HOUR_MS;
    const token = this.#token('ghs_', { kind: 'installation', installation }, expiresAt);
    return { token, expiresAt };
  }

  /** `token <t>`, `bearer <t or JWT>` or basic with the token as password; throws a 401 for what it does not know. */
  authenticate(header: string | undefined): Actor {
    if (header === undefined) return { kind: 'anonymous' };
    const [, scheme = '', value = ''] = /^(\S+)\s+(\S+)$/.exec(header) ?? [];
    switch (scheme.toLowerCase()) {
      case 'basic':
        return this.#byToken(Buffer.from(value, 'base64').toString().split(':')[1] ?? '');
      case 'bearer':
        return value.split('.').length === 3 ? this.#byJwt(value) : this.#byToken(value);
      case 'token':
        return this.#byToken(value);
      default:
        throw badCredentials();
    }
  }

  #token(prefix: string, actor: Actor, expiresAt: number | null): string {
    const token = `${prefix}${randomBytes(18).toString('hex')}`;
    this.#tokens.set(token, { actor, expiresAt });
    return token;
  }

  #byToken(value: string): Actor {
    const token = this.#tokens.get(value);
    if (token === undefined) throw badCredentials();
    if (token.expiresAt !== null && token.expiresAt <= this.#clock.now()) throw badCredentials();
    return token.actor;
  }

  #byJwt(jwt: string): Actor {
    const [header = '', payload = '', signature = ''] = jwt.split('.');
    const claims = decode(payload);
    const app = this.#appOf(claims['iss']);
    const signed = Buffer.from(`${header}.${payload}`);
    const isSigned =
      decode(header)['alg'] === 'RS256' &&
      verify('RSA-SHA256', signed, app.publicKey, Buffer.from(signature, 'base64url'));
    if (!isSigned) throw undecodable();
    this.#checkTimes(claims);
    return { kind: 'app', app };
  }

  /** The sentences are GitHub's; octokit recognises them and corrects its clock. */
  #checkTimes(claims: Readonly<Record<string, unknown>>): void {
    const now = Math.floor(this.#clock.now() / 1000);
    const { iat, exp } = claims;
    if (typeof iat !== 'number' || iat > now) {
      throw badCredentials(
        "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
      );
    }
    if (typeof exp !== 'number' || exp <= now) {
      throw badCredentials(
        "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
      );
    }
    if (exp - now > JWT_LIFE_S) {
      throw badCredentials("'Expiration time' claim ('exp') is too far in the future");
    }
  }

  #appOf(issuer: unknown): App {
    for (const app of this.apps.values()) {
      if (String(issuer) === String(app.id) || issuer === app.clientId) return app;
    }
    throw undecodable();
  }
}

export function atLeast(level: Level, wanted: Level): boolean {
  return RANK.indexOf(level) >= RANK.indexOf(wanted);
}

/** As in GitHub's sentences about limits. */
export function actorName(actor: Actor): string {
  switch (actor.kind) {
    case 'anonymous':
      return '127.0.0.1';
    case 'user':
      return `user ID ${actor.user.id}`;
    case 'app':
      return `app ID ${actor.app.id}`;
    case 'installation':
      return `installation ID ${actor.installation.id}`;
  }
}

function undecodable(): Refusal {
  return badCredentials('A JSON web token could not be decoded');
}

function decode(part: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
  } catch {
    throw undecodable();
  }
}
