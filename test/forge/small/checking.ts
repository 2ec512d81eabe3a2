import type { IncomingMessage } from 'node:http';
import { Ajv, type ValidateFunction } from 'ajv';
import { tryParse } from '../http-messages.ts';
import { type Dialect, type Route, SmallRefusal } from './dialect.ts';
import type { Person, SmallWorld } from './state.ts';

export interface Incoming {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly text: string;
}

/**
 * Holds requests against what the host's documents say. A host would pass over most of it without a word, or refuse it:
 * either is a mistake of the client, and noted down.
 */
export class RequestCheck {
  readonly #ajv = new Ajv({ allErrors: true, strict: false });
  readonly #compiled = new Map<object, ValidateFunction>();
  readonly #violations: string[];

  constructor(violations: string[]) {
    this.#violations = violations;
  }

  /** Who signs in. Not to sign in, or as another host wants it, is a mistake; a token may have been revoked. */
  person(world: SmallWorld, { scheme }: Dialect, { request }: Incoming): Person {
    const { authorization = '', 'user-agent': agent = '' } = request.headers;
    const [said = '', token = ''] = authorization.split(' ');
    if (said !== scheme) this.#note(`Authorization begins with "${said}" instead of "${scheme}"`);
    if (agent === '') this.#note('a request without User-Agent');
    const person = said === scheme ? world.tokens.get(token) : undefined;
    if (person === undefined) throw new SmallRefusal(401, '401 Unauthorized');
    return person;
  }

  /** The body, as the route wants it. */
  body(route: Route, { url, text, request }: Incoming): Readonly<Record<string, unknown>> {
    for (const name of url.searchParams.keys())
      if (!(route.query ?? []).includes(name))
        this.#note(`${route.id}: unknown query parameter ${name}`);
    if (route.body === undefined) {
      if (text !== '') this.#note(`${route.id}: a body`);
      return {};
    }
    const type = request.headers['content-type'] ?? '';
    if (!/^application\/json\b/.test(type)) this.#note(`${route.id}: content type "${type}"`);
    const body = tryParse(text);
    const faults = this.#faults(route.body, body);
    if (faults === null) return body as Record<string, unknown>;
    this.#note(`${route.id}: ${faults}`);
    throw new SmallRefusal(400, faults);
  }

  #faults(schema: object, body: unknown): string | null {
    const validate = this.#compiled.get(schema) ?? this.#ajv.compile(schema);
    this.#compiled.set(schema, validate);
    if (validate(body)) return null;
    const faults = (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
    return faults.join('; ');
  }

  #note(violation: string): void {
    this.#violations.push(violation);
  }
}
