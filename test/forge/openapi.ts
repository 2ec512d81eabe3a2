import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import {
  documentPath,
  type OpenApi,
  type RawContent,
  type RawOperation,
  type RawParameter,
  type Reference,
  readDocument,
  type Schema,
} from './document.ts';
import { componentId, jsonSchema, referencesIn, unknownKeys } from './schema-dialect.ts';

export interface Operation {
  /** GitHub's operationId, such as `repos/create-commit-status`. */
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** What GitHub puts into `documentation_url` of this operation's errors. */
  readonly documentation: string;
}

export interface Match {
  readonly operation: Operation;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface RequestCheck {
  /** What GitHub refuses. */
  readonly faults: readonly ErrorObject[];
  /** What GitHub ignores without a word, and what is therefore a mistake of the client: unknown keys, odd query parameters. */
  readonly ignored: readonly string[];
}

interface Route {
  readonly operation: Operation;
  readonly raw: RawOperation;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  /** Fixed segments; the route with more of them wins (`commits/{ref}/status` before `commits/{ref}`). */
  readonly fixed: number;
}

/** Where the document contradicts itself. */
const CORRECTIONS: Readonly<Record<string, Schema>> = {
  // The list wants an account to be a user and an enterprise at once; a single installation's account is either.
  'apps/list-installations 200': {
    type: 'array',
    items: { $ref: '#/components/schemas/installation' },
  },
};

/** One document for all fakes of a process: it never changes, and its validators are costly to compile again. */
const loaded = new Map<string, ApiDocument>();

/** GitHub's description of its own API as the judge of requests, responses and webhooks. */
export class ApiDocument {
  readonly #document: OpenApi;
  readonly #routes: readonly Route[];
  readonly #byId: ReadonlyMap<string, Route>;
  readonly #ajv = newAjv({ coerceTypes: false });
  readonly #queryAjv = newAjv({ coerceTypes: true });
  readonly #added = new Set<string>();
  readonly #validators = new Map<string, ValidateFunction>();

  private constructor(document: OpenApi) {
    this.#document = document;
    this.#routes = routesOf(document).toSorted((a, b) => b.fixed - a.fixed);
    this.#byId = new Map(this.#routes.map((route) => [route.operation.id, route]));
  }

  /** Throws with what to run when the document has not been made yet. */
  static load(path: string = documentPath()): ApiDocument {
    const known = loaded.get(path);
    if (known !== undefined) return known;
    const document = new ApiDocument(readDocument(path));
    loaded.set(path, document);
    return document;
  }

  match(method: string, pathname: string): Match | null {
    for (const route of this.#routes) {
      if (route.operation.method !== method) continue;
      const found = route.pattern.exec(pathname);
      if (found === null) continue;
      const values = found.slice(1).map(decodeURIComponent);
      return {
        operation: route.operation,
        parameters: Object.fromEntries(route.names.map((name, i) => [name, values[i] ?? ''])),
      };
    }
    return null;
  }

  /** `body` is undefined when the request had none. */
  checkRequest(operation: Operation, query: URLSearchParams, body: unknown): RequestCheck {
    const { raw } = this.#route(operation.id);
    const schema = schemaOf(raw.requestBody);
    const ignored = [...this.#checkQuery(raw, query)];
    if (schema === null) {
      if (body !== undefined) ignored.push('a body, where the operation has none');
      return { faults: [], ignored };
    }
    if (body === undefined && raw.requestBody?.required !== true) return { faults: [], ignored };
    const validate = this.#validator(`${operation.id} request`, schema);
    validate(body ?? {});
    ignored.push(...this.#unknownKeys(schema, body).map((key) => `the key ${key}`));
    return { faults: validate.errors ?? [], ignored };
  }

  /** What is wrong with an answer; an undocumented refusal (4xx, 5xx) is taken as it is, an undocumented success is not. */
  checkResponse(operation: Operation, status: number, body: unknown): readonly string[] {
    const documented = this.#route(operation.id).raw.responses[String(status)];
    const succeeds = status < 300;
    if (documented === undefined) return succeeds ? [`${status} is not documented`] : [];
    const schema =
      CORRECTIONS[`${operation.id} ${status}`] ?? schemaOf(this.#resolve<RawContent>(documented));
    if (schema === null) return succeeds && body !== undefined ? ['a body, where none is due'] : [];
    const validate = this.#validator(`${operation.id} ${status}`, schema);
    if (!validate(body)) return (validate.errors ?? []).map(describe);
    return succeeds ? this.#unknownKeys(schema, body).map((key) => `unknown key ${key}`) : [];
  }

  /** `event` as in X-GitHub-Event; the payload's action selects the schema. */
  checkWebhook(event: string, payload: Readonly<Record<string, unknown>>): readonly string[] {
    const action = typeof payload['action'] === 'string' ? `-${payload['action']}` : '';
    const name = `${event}${action}`.replaceAll('_', '-');
    const schema = schemaOf(this.#document['x-webhooks'][name]?.post.requestBody);
    if (schema === null) return [`there is no webhook ${name} in the document`];
    const validate = this.#validator(`webhook ${name}`, schema);
    if (!validate(payload)) return (validate.errors ?? []).map(describe);
    return this.#unknownKeys(schema, payload).map((key) => `unknown key ${key}`);
  }

  #checkQuery(raw: RawOperation, query: URLSearchParams): readonly string[] {
    const known = new Map(
      (raw.parameters ?? [])
        .map((parameter) => this.#resolve<RawParameter>(parameter))
        .filter((parameter) => parameter.in === 'query')
        .map((parameter) => [parameter.name, parameter.schema]),
    );
    return [...query].flatMap(([name, value]) => {
      const schema = known.get(name);
      if (schema === undefined) return [`the query parameter ${name}`];
      const validate = this.#queryAjv.compile({ properties: { value: jsonSchema(schema) } });
      return validate({ value }) ? [] : [`the value of the query parameter ${name}: ${value}`];
    });
  }

  #route(id: string): Route {
    const route = this.#byId.get(id);
    if (route === undefined) throw new Error(`no operation ${id} in GitHub's API document`);
    return route;
  }

  #resolve<T>(value: T | Reference): T {
    return resolve(this.#document, value);
  }

  #unknownKeys(schema: Schema, value: unknown): readonly string[] {
    return unknownKeys(schema, value, ($ref) => this.#resolve<Schema>({ $ref }));
  }

  #validator(name: string, schema: Schema): ValidateFunction {
    const known = this.#validators.get(name);
    if (known !== undefined) return known;
    this.#addComponents(schema);
    const validator = this.#ajv.compile(jsonSchema(schema));
    this.#validators.set(name, validator);
    return validator;
  }

  #addComponents(schema: Schema): void {
    for (const reference of referencesIn(schema)) {
      const id = componentId(reference);
      if (this.#added.has(id)) continue;
      this.#added.add(id);
      const component = this.#resolve<Schema>({ $ref: reference });
      this.#ajv.addSchema(jsonSchema(component), id);
      this.#addComponents(component);
    }
  }
}

function describe(error: ErrorObject): string {
  return `${error.instancePath || '/'} ${error.message ?? error.keyword}`;
}

function newAjv(options: { readonly coerceTypes: boolean }): Ajv {
  const ajv = new Ajv({ ...options, strict: false, allErrors: true, logger: false });
  formats.default(ajv);
  // GitHub passes the addresses of Git's authors on as they are, `root@localhost` included; only its document says "email".
  ajv.addFormat('email', true);
  return ajv;
}

function routesOf(document: OpenApi): readonly Route[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => ({
      operation: {
        id: raw.operationId,
        method: method.toUpperCase(),
        path,
        documentation: raw.externalDocs?.url ?? '',
      },
      raw,
      ...patternOf(path, spanningParameters(document, raw)),
      fixed: path.split('/').filter((segment) => !segment.startsWith('{')).length,
    })),
  );
}

function patternOf(path: string, spanning: ReadonlySet<string>): Pick<Route, 'pattern' | 'names'> {
  const names: string[] = [];
  const pattern = path.replaceAll(/[.]|\{([^}]+)\}/g, (matched, name?: string) => {
    if (name === undefined) return `\\${matched}`;
    names.push(name);
    return spanning.has(name) ? '(.*)' : '([^/]+)';
  });
  // The root folder of `contents/{path}` is asked for with and without the slash.
  return {
    pattern: new RegExp(`^${pattern.replace(/contents\/\(\.\*\)$/, 'contents/?(.*)')}$`),
    names,
  };
}

function spanningParameters(document: OpenApi, raw: RawOperation): ReadonlySet<string> {
  const parameters = (raw.parameters ?? []).map((value) => resolve<RawParameter>(document, value));
  return new Set(
    parameters.filter((parameter) => parameter['x-multi-segment'] === true).map(({ name }) => name),
  );
}

function resolve<T>(document: OpenApi, value: T | Reference): T {
  const reference = (value as Partial<Reference>).$ref;
  if (reference === undefined) return value as T;
  const [, , kind = '', name = ''] = reference.split('/');
  return document.components[kind]?.[name] as T;
}

function schemaOf(content: RawContent | undefined): Schema | null {
  return content?.content?.['application/json']?.schema ?? null;
}
