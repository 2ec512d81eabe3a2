import { describe, expect, it } from 'vitest';
import { createGridCache } from '../../src/manifest/cache.ts';
import { compilePreviewStacks, type PreviewStacks } from '../../src/manifest/preview-stacks.ts';
import { placeholderSeed } from '../../src/model/seed.ts';
import {
  aSourceTree,
  codes,
  compileFiles,
  type Files,
  GRID_FILE,
  STACK_FILE,
  theProblem,
} from './source-tree.ts';

const shop = 'services:\n  web:\n    image: shop:1\n';
const grid = 'previews:\n  stacks:\n    shop: {}\n';
const seven = { number: 7, head: 'b'.repeat(40) };

function compiled(of: {
  readonly base?: Files;
  readonly merged?: Files;
  readonly wanted?: (stack: string) => boolean;
}): PreviewStacks {
  const base = { [GRID_FILE]: grid, [STACK_FILE]: shop, ...of.base };
  return compilePreviewStacks({
    grid: 'demo',
    base: aSourceTree(base),
    merged: aSourceTree({ ...base, ...of.merged }),
    request: seven,
    wanted: of.wanted ?? (() => true),
    seed: placeholderSeed,
    cache: createGridCache(),
  });
}

const web = ({ stacks }: PreviewStacks) => stacks[0]?.services[0];

/** A stack with one service with these lines. */
const shopWith = (lines: string, rest = ''): string =>
  `${shop}${lines.replace(/^/gm, '    ')}\n${rest}`;

describe('the stacks of a pull request', () => {
  it('are called after it, and are what its merge makes of them', () => {
    const found = compiled({ merged: { [STACK_FILE]: shop.replace('shop:1', 'shop:2') } });
    expect(found.problems).toEqual([]);
    expect(found.stacks.map(({ name }) => name)).toEqual(['shop-pr-7']);
    expect(web(found)).toMatchObject({ stack: 'shop-pr-7', spec: { image: 'shop:2' } });
    expect(web(found)?.spec.env).toMatchObject({ KONTENA_STACK_NAME: 'shop-pr-7' });
  });

  it('are those that the branch names, whatever the request says', () => {
    const other = 'grids/demo/stacks/blog/kontena.yml';
    const merged = { [GRID_FILE]: 'previews: {stacks: {blog: {}}}', [other]: shop };
    expect(compiled({ merged }).stacks.map(({ name }) => name)).toEqual(['shop-pr-7']);
    expect(compiled({ wanted: () => false }).stacks).toEqual([]);
    expect(compiled({ base: { [GRID_FILE]: '' } }).stacks).toEqual([]);
  });

  it('may be new', () => {
    const other = 'grids/demo/stacks/blog/kontena.yml';
    const base = { [GRID_FILE]: 'previews: {stacks: {blog: {}}}' };
    const found = compiled({ base, merged: { [other]: shop } });
    expect(found.stacks.map(({ name }) => name)).toEqual(['blog-pr-7']);
    expect(compiled({ base }).stacks).toEqual([]);
  });

  it('have the values of the grid, and over them those that previews have', () => {
    const file =
      'variables:\n  domain: {type: string}\n  tag: {type: string}\nservices:\n  web:\n    image: "shop:${tag}"\n    environment: {DOMAIN: "$domain"}\n';
    const text = `stacks:
  shop: {variables: {domain: shop.example.com, tag: "4"}}
previews:
  url: https://pr-\${PULL_REQUEST}.example.com
  stacks:
    shop: {variables: {domain: "pr-\${PULL_REQUEST}.example.com"}}
`;
    const found = compiled({ base: { [GRID_FILE]: text, [STACK_FILE]: file } });
    expect(found.problems).toEqual([]);
    expect(web(found)?.spec).toMatchObject({
      image: 'shop:4',
      env: { DOMAIN: 'pr-7.example.com' },
    });
    expect(found.url).toBe('https://pr-7.example.com');
  });

  it('use the files of the merge result beside them', () => {
    const base = { 'grids/demo/stacks/shop/web.env': 'MODE=old\n' };
    const merged = {
      [STACK_FILE]: shopWith('env_file: web.env'),
      'grids/demo/stacks/shop/web.env': 'MODE=new\n',
    };
    expect(web(compiled({ base, merged }))?.spec.env).toMatchObject({ MODE: 'new' });
  });

  it('tell of errors where the request has them', () => {
    const found = compiled({ merged: { [STACK_FILE]: shopWith('imag: x') } });
    expect(theProblem(found).position).toMatchObject({ file: STACK_FILE, line: 4 });
    expect(found).toMatchObject({ stacks: [], failed: ['shop-pr-7'] });
  });

  it('are nothing of which anything is known while the branch has errors of its own', () => {
    expect(compiled({ base: { [GRID_FILE]: 'subnet: x' } }).policy).toBeNull();
  });

  it('never stand for a stack that the grid has by that name', () => {
    const found = compiled({ base: { 'grids/demo/stacks/shop-pr-7/kontena.yml': shop } });
    expect(found.stacks).toEqual([]);
    expect(codes(found)).toEqual(['duplicate-stack']);
  });

  it('are not from another repository', () => {
    const text = 'stacks: {blog: {repository: blog}}\npreviews: {stacks: {blog: {}}}';
    expect(codes(compiled({ base: { [GRID_FILE]: text } }))).toContain('bad-preview');
  });
});

describe('a service of a pull request', () => {
  it('publishes no port, and keeps nothing', () => {
    const lines =
      'stateful: true\nports: ["80:80"]\nvolumes: ["data:/data"]\ndeploy: {interval: 1h}';
    const merged = {
      [STACK_FILE]: shopWith(lines.replace('\ndeploy: {interval: 1h}', ''), 'volumes: {data: {}}'),
    };
    const found = compiled({ merged });
    expect(found.problems).toEqual([]);
    expect(web(found)).toMatchObject({
      stateful: false,
      spec: { ports: [], mounts: [{ kind: 'anonymous', target: '/data' }] },
    });
  });

  it('has no calendar', () => {
    const job = `${shop}  nightly:\n    image: shop:1\n    job: {schedule: "0 3 * * *"}\n`;
    const found = compiled({ merged: { [STACK_FILE]: job } });
    expect(found.stacks.flatMap(({ services }) => services.map(({ name }) => name))).toEqual([
      'web',
    ]);
  });

  it.each([
    'privileged: true',
    'volumes: ["/var/run/docker.sock:/x"]',
    'net: host',
    'pid: host',
    'cap_add: [SYS_ADMIN]',
    'devices: [/dev/kvm]',
    'ipc: host',
    'security_opt: ["seccomp=unconfined"]',
    'userns_mode: host',
    'sysctls: {net.core.somaxconn: "1"}',
    'networks: {default: {aliases: [db.shop.demo.kontena.local]}}',
  ])('gets no way to its host, and no name of others: %s', (line) => {
    const found = compiled({ merged: { [STACK_FILE]: shopWith(line) } });
    expect(found.stacks).toEqual([]);
    expect(codes(found)).toContain('bad-preview');
  });

  it('takes no more room than people need to look at it', () => {
    const of = (instances: number) => ({ [STACK_FILE]: shopWith(`instances: ${instances}`) });
    expect(compiled({ merged: of(20) }).stacks).toHaveLength(1);
    expect(codes(compiled({ merged: of(21) }))).toEqual(['bad-preview']);
  });

  it('gets no volume that is not its own', () => {
    const merged = {
      [STACK_FILE]: shopWith('volumes: ["data:/data"]', 'volumes: {data: {external: true}}'),
    };
    expect(codes(compiled({ merged }))).toEqual(['bad-preview']);
  });

  it('gets the secrets that are listed, and no others', () => {
    const sealed = {
      'grids/demo/secrets.yml': `secrets:\n  KEY: g1.${'a'.repeat(16)}.${'QUJD'.repeat(20)}\n`,
    };
    const merged = { [STACK_FILE]: shopWith('secrets: [{secret: KEY, name: KEY, type: env}]') };
    const without = compiled({ base: sealed, merged });
    const listed = `${grid}  secrets: [KEY]\n`;
    const found = compiled({ base: { ...sealed, [GRID_FILE]: listed }, merged });
    if (codes(compileFiles({ [GRID_FILE]: '', ...sealed, ...merged })).length > 0)
      throw new Error('the secret itself is wrong');
    expect(codes(without)).toEqual(['bad-preview']);
    expect(found.problems).toEqual([]);
    expect(found.stacks).toHaveLength(1);
  });
});

describe('what a pull request asks of a load balancer', () => {
  const balancer = 'services:\n  lb:\n    image: kontena/lb:latest\n    ports: ["80:80"]\n';
  const behind = (host: string) =>
    `services:\n  web:\n    image: shop:1\n    links: [edge/lb]\n    environment:\n      KONTENA_LB_VIRTUAL_HOSTS: ${host}\n`;
  const base = {
    'grids/demo/stacks/edge/kontena.yml': balancer,
    'grids/demo/stacks/web/kontena.yml': behind('shop.example.com'),
  };

  it('is its own host', () => {
    const found = compiled({ base, merged: { [STACK_FILE]: behind('pr-7.example.com') } });
    expect(found.stacks).toHaveLength(1);
  });

  it('is never what the grid itself answers for', () => {
    const found = compiled({ base, merged: { [STACK_FILE]: behind('shop.example.com') } });
    expect(found.stacks).toEqual([]);
    expect(codes(found)).toContain('ambiguous-route');
  });

  it.each([
    'www.example.com',
    '"*.example.com"',
    'pr-77.example.com',
    'pr-7.example.com,www.example.com',
    '""',
    'pr-7.example.com\n      KONTENA_LB_CUSTOM_SETTINGS: "http-request deny"',
    'pr-7.example.com\n      KONTENA_LB_MODE: tcp',
  ])('is never something that others may be asked for by: %s', (hosts) => {
    const found = compiled({ base, merged: { [STACK_FILE]: behind(hosts) } });
    expect(found.stacks).toEqual([]);
    expect(codes(found)).toContain('bad-preview');
  });

  it('may be a path of its own', () => {
    const file = behind('""').replace('""', '""\n      KONTENA_LB_VIRTUAL_PATH: /pr-7');
    expect(compiled({ base, merged: { [STACK_FILE]: file } }).stacks).toHaveLength(1);
  });
});

describe('a stack that previews name', () => {
  it('and the grid does not list is warned of', () => {
    const { problems, grid: made } = compileFiles({
      [GRID_FILE]: 'previews: {stacks: {shap: {}}}',
      [STACK_FILE]: shop,
    });
    expect(made).not.toBeNull();
    expect(problems.map(({ code, hint }) => [code, hint])).toEqual([
      ['unknown-stack', expect.stringContaining('shop')],
    ]);
  });
});
