import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The npm package @octokit/openapi at this version; scripts/forge-document.mjs makes the file, a test compares the two. */
const version = '23.0.2';

/** What of an OpenAPI 3.0 document is used here. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly 'x-webhooks': Readonly<Record<string, { readonly post: RawOperation }>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface RawOperation {
  readonly operationId: string;
  readonly externalDocs?: { readonly url: string };
  readonly parameters?: readonly (RawParameter | Reference)[];
  readonly requestBody?: RawContent & { readonly required?: boolean };
  readonly responses: Readonly<Record<string, RawContent | Reference>>;
}

export interface RawParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
  /** GitHub's own mark for a path parameter that may contain slashes. */
  readonly 'x-multi-segment'?: boolean;
}

export interface RawContent {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

export interface Reference {
  readonly $ref: string;
}

export type Schema = Readonly<Record<string, unknown>>;

export function documentPath(): string {
  return fileURLToPath(new URL(`../../.cache/github-openapi-${version}.json`, import.meta.url));
}

/** Throws with the command that makes the document when it is missing: a test run without it proves nothing. */
export function readDocument(path: string): OpenApi {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as OpenApi;
  } catch (cause) {
    throw new Error(
      `GitHub's API document is not at ${path}. run: node scripts/forge-document.mjs`,
      { cause },
    );
  }
}
