import { describe, expect, it } from 'vitest';
import { forgeOptions } from '../../src/cli/forge-options.ts';
import { masterSettings, type Values } from '../../src/cli/settings.ts';

type Settings = Values<typeof masterSettings>;

/** All at their defaults, but for what the test is about. */
function settings(over: Partial<Settings>): Settings {
  const defaults = Object.entries(masterSettings).map(([name, setting]) => [name, setting.default]);
  return { ...(Object.fromEntries(defaults) as Settings), ...over };
}

function options(over: Partial<Settings>) {
  return forgeOptions(settings(over));
}

describe('the code host', () => {
  it.each([
    ['https://gitlab.com/acme/team/grids.git', 'gitlab', 'https://gitlab.com/api/v4', 'acme/team'],
    ['git@gitlab.com:acme/grids.git', 'gitlab', 'https://gitlab.com/api/v4', 'acme'],
    ['https://codeberg.org/acme/grids', 'gitea', 'https://codeberg.org/api/v1', 'acme'],
    ['ssh://git@bitbucket.org/acme/grids', 'bitbucket', 'https://api.bitbucket.org/2.0', 'acme'],
  ])('of %s is %s', (repository, kind, baseUrl, owner) => {
    const found = options({ repository, forge_token: 't' });

    expect(found).toMatchObject({ kind, baseUrl, owner, name: 'grids', token: 't' });
  });

  it('is GitHub with a token of either name', () => {
    const repository = 'https://github.com/acme/grids.git';
    const auth = { kind: 'token', token: 't' };

    expect(options({ repository, github_token: 't' })).toMatchObject({ kind: 'github', auth });
    expect(options({ repository, forge_token: 't' })).toMatchObject({ kind: 'github', auth });
  });

  it('at an address of its own is what it is said to be', () => {
    const repository = 'git@git.example.com:acme/grids.git';

    expect(options({ repository, forge: 'gitea', forge_token: 't' })).toMatchObject({
      kind: 'gitea',
      baseUrl: 'https://git.example.com/api/v1',
    });
    expect(options({ repository, forge: 'github', forge_token: 't' })).toMatchObject({
      kind: 'github',
      owner: 'acme',
    });
  });

  it('is not guessed where nothing says which it is, and not spoken to without a token', () => {
    const none = { kind: 'none' };

    expect(options({ repository: 'https://git.example.com/a/b', forge_token: 't' })).toEqual(none);
    expect(options({ repository: 'https://gitlab.com/a/b' })).toEqual(none);
    expect(options({ repository: '/srv/grids.git' })).toEqual(none);
    expect(
      options({ repository: 'https://gitlab.com/a/b', forge: 'none', forge_token: 't' }),
    ).toEqual(none);
  });

  it('that somebody named needs a token, a name and an address', () => {
    const repository = 'https://gitlab.com/acme/grids';

    expect(() => options({ repository, forge: 'gitlab' })).toThrow(/forge_token/);
    expect(() => options({ repository, forge: 'github' })).toThrow(/github_token/);
    const local = { repository: '/srv/grids.git', forge_token: 't' };
    expect(() => options({ ...local, forge: 'gitlab' })).toThrow(/forge_repository/);
    const deep = { forge_repository: 'acme/team/grids', forge_token: 't' };
    expect(() => options({ ...deep, forge: 'bitbucket' })).toThrow(/forge_repository/);
    const named = { ...local, forge_repository: 'acme/grids' };
    expect(() => options({ ...named, forge: 'gitea' })).toThrow(/forge_url/);
  });
});
