import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRepository, type RepositoryOptions } from '../../src/sync/repository.ts';
import { faultOf } from './world.ts';

describe('opening a repository', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gridops-engine-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function engineWith(options: Partial<RepositoryOptions>): Promise<string> {
    const repository = await openRepository({
      url: 'https://git.example.com/infra.git',
      branch: 'main',
      directory: join(directory, 'mirrors'),
      engine: 'auto',
      credentials: null,
      limits: {},
      ...options,
    });
    await repository.close();
    return repository.engine;
  }

  async function fakeGit(version: string): Promise<string> {
    const program = join(directory, 'fake-git');
    await writeFile(program, `#!/bin/sh\necho "git version ${version}"\n`);
    await chmod(program, 0o755);
    return program;
  }

  it('takes the git command where there is a recent one', async () => {
    expect(await engineWith({})).toBe('native');
    expect(await engineWith({ gitProgram: await fakeGit('2.30.2') })).toBe('native');
    expect(await engineWith({ gitProgram: await fakeGit('3.0.1 (Apple Git-200)') })).toBe('native');
  });

  it('works without one, or with one that is too old', async () => {
    expect(await engineWith({ gitProgram: join(directory, 'nothing') })).toBe('isomorphic');
    expect(await engineWith({ gitProgram: await fakeGit('2.29.9') })).toBe('isomorphic');
    expect(await engineWith({ gitProgram: await fakeGit('1.99') })).toBe('isomorphic');
    expect(await engineWith({ engine: 'isomorphic' })).toBe('isomorphic');
  });

  it('says what is missing when native is asked for', async () => {
    const gitProgram = join(directory, 'nothing');

    const fault = await faultOf(engineWith({ engine: 'native', gitProgram }));

    expect(fault.code).toBe('invalid-configuration');
    expect(fault.hint).toContain('Install git');
  });

  it.each(['ssh://git@git.example.com/infra.git', 'git@git.example.com:infra.git'])(
    'says that %s needs a git command',
    async (url) => {
      const fault = await faultOf(engineWith({ url, engine: 'isomorphic' }));

      expect(fault.code).toBe('unsupported-repository');
      expect(fault.message).toContain(url);
      expect(fault.hint).toContain('Install git');
    },
  );

  it('refuses a URL or a branch that is none before anything is started', async () => {
    expect((await faultOf(engineWith({ url: '--upload-pack=id' }))).code).toBe(
      'invalid-configuration',
    );
    expect((await faultOf(engineWith({ branch: '--mirror' }))).code).toBe('invalid-configuration');
  });
});
