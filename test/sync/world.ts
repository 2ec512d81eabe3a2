import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GridError } from '../../src/model/error.ts';
import {
  openRepository,
  type Repository,
  type RepositoryOptions,
} from '../../src/sync/repository.ts';
import { type GitServer, startGitServer } from '../support/git-http-server.ts';
import { createWorkRepository, type WorkRepository } from '../support/temp-repo.ts';

export type Transport = 'http' | 'path';

export interface WorldOptions {
  readonly engine: RepositoryOptions['engine'];
  readonly transport: Transport;
  readonly objectFormat?: 'sha1' | 'sha256';
}

/** A remote repository, somebody who pushes to it, and us who open it. */
export interface World {
  readonly server: GitServer;
  readonly work: WorkRepository;
  /** The bare repository on disk. */
  readonly bare: string;
  /** Where mirrors are. */
  readonly directory: string;
  readonly url: string;
  open(options?: Partial<RepositoryOptions>): Promise<Repository>;
  /** A commit with these files, pushed. Returns its id. */
  push(files: Readonly<Record<string, string | Uint8Array>>): Promise<string>;
  dispose(): Promise<void>;
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const server = await startGitServer();
  const bare = await server.createRepository('infra', {
    objectFormat: options.objectFormat ?? 'sha1',
  });
  const work = await createWorkRepository({
    remote: bare,
    objectFormat: options.objectFormat ?? 'sha1',
  });
  const directory = await mkdtemp(join(tmpdir(), 'gridops-mirrors-'));
  const url = options.transport === 'http' ? server.url('infra') : bare;
  const opened: Repository[] = [];
  return {
    server,
    work,
    bare,
    directory,
    url,
    open: async (more = {}) => {
      const repository = await openRepository({
        url,
        branch: 'main',
        directory,
        engine: options.engine,
        credentials: null,
        limits: {},
        ...more,
      });
      opened.push(repository);
      return repository;
    },
    push: async (files) => {
      const sha = await work.commitFiles(files);
      await work.push();
      return sha;
    },
    dispose: async () => {
      await Promise.all(opened.map((repository) => repository.close()));
      await server.close();
      await work.dispose();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export const never: AbortSignal = new AbortController().signal;
setMaxListeners(0, never);

/** What a promise is rejected with, which must be a GridError. */
export async function faultOf(promise: Promise<unknown>): Promise<GridError> {
  const error = await promise.then(
    (value) => new Error(`no error but ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof GridError) return error;
  throw error;
}

/** The smallest grid repository. */
export const files: Readonly<Record<string, string>> = {
  'README.md': 'a grid repository\n',
  'grids/prod/grid.yml': 'subnet: 10.81.0.0/16\n',
  'grids/prod/stacks/shop/kontena.yml': 'stack: shop\n',
  'grids/test/grid.yml': 'subnet: 10.82.0.0/16\n',
  'stacks/db/kontena.yml': 'stack: db\n',
};
