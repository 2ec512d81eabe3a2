import type { BareRepository } from '../bare-repository.ts';
import type { Journal } from '../journal.ts';

/** What every code host knows, in words of none of them. */
export interface SmallWorld {
  /** Where pages and repositories are. */
  readonly origin: string;
  /** The base of the API. */
  readonly api: string;
  readonly cloneUrl: (repository: SmallRepository) => string;
  readonly people: Map<string, Person>;
  /** By token. */
  readonly tokens: Map<string, Person>;
  readonly repositories: SmallRepository[];
  readonly statuses: Journal<SmallStatus>;
  readonly violations: string[];
  nextId(): number;
}

export type SmallLevel = 'none' | 'read' | 'write' | 'admin';

export interface Person {
  readonly id: number;
  readonly uuid: string;
  readonly login: string;
  /** A bot, as hosts make one for each token that is not a person's. */
  isProgram: boolean;
  level: SmallLevel;
}

export interface SmallRepository {
  readonly id: number;
  /** With its groups. */
  readonly owner: string;
  readonly name: string;
  readonly git: BareRepository;
  readonly parent: SmallRepository | null;
  isPrivate: boolean;
  readonly pulls: SmallPull[];
  readonly hooks: SmallHook[];
}

export interface SmallHook {
  readonly url: string;
  readonly secret: string;
}

export interface SmallPull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly author: Person;
  readonly from: SmallRepository;
  readonly branch: string;
  readonly base: string;
  head: string;
  isDraft: boolean;
  state: 'open' | 'merged' | 'closed';
  mergeCommit: string | null;
  updatedAt: number;
  readonly comments: SmallComment[];
}

export interface SmallComment {
  readonly id: number;
  readonly author: Person;
  body: string;
  readonly createdAt: number;
  updatedAt: number;
}

export interface SmallStatus {
  readonly sha: string;
  readonly context: string;
  /** In the host's own word. */
  readonly state: string;
  readonly description: string;
  readonly url: string;
}

/** What happened, for the host's hooks. */
export type SmallEvent =
  | {
      readonly kind: 'push';
      readonly branch: string;
      /** `NOTHING`: it is new. */
      readonly before: string;
      /** `NOTHING`: it was deleted. */
      readonly after: string;
      /** What was there before is not part of it any more. */
      readonly isForced: boolean;
    }
  | {
      readonly kind: 'pull';
      readonly pull: SmallPull;
      readonly what: 'opened' | 'updated' | 'closed' | 'merged';
    }
  | { readonly kind: 'comment'; readonly pull: SmallPull; readonly comment: SmallComment };

export function fullNameOf({ owner, name }: SmallRepository): string {
  return `${owner}/${name}`;
}

export const NOTHING = '0'.repeat(40);
