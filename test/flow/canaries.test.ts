import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { recipientOf } from '../../src/secrets/age.ts';
import { sealValue } from '../../src/secrets/sealed-value.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { API_TOKEN, eventually, WEBHOOK_SECRET, type World } from '../support/world.ts';
import { everythingSaidIn, listening, tells } from './everything-said.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;
let engine: FakeEngine;
let logged: string[];

afterEach(async () => await world.stop());

/** By where they are planted. */
const canaries = {
  variable: 'canary-in-a-variable',
  file: 'canary-in-a-mounted-file',
  command: 'canary-in-a-command',
  hook: 'canary-in-a-hook',
  printed: 'canary-that-a-container-prints',
  registry: 'canary-for-a-registry',
  'wrong account': 'canary-that-a-registry-refuses',
  'pull request': 'canary-in-a-pull-request',
  'in the clear': 'canary-that-somebody-wrote-down',
} as const;

const privateImage = 'registry.example.com/shop/web:1';

async function sealed(values: Readonly<Record<string, string>>): Promise<string> {
  const key = await readFile(join(world.masterData, 'sealing.key'), 'utf8');
  const recipient = await recipientOf(key.trim());
  const lines = Object.entries(values).map(async ([name, value]) => {
    const of = { grid: world.grid, kind: 'secret', name } as const;
    return `  ${name}: ${await sealValue(recipient, of, value)}\n`;
  });
  return `secrets:\n${(await Promise.all(lines)).join('')}`;
}

const stack = (image: string): string => `variables:
  ARGUMENT: {from: {vault: argument}}
  CONTENT: {from: {vault: content}}
  HOOKED: {from: {vault: hooked}}
configs:
  settings: {content: "password=$CONTENT"}
services:
  web:
    image: ${image}
    command: run --pass=$ARGUMENT
    secrets: [{secret: plain, name: PASS, type: env}, {secret: printed, name: TOKEN, type: env}]
    configs: [settings]
    hooks:
      post_start: [{name: greet, cmd: "echo $HOOKED", instances: "*"}]
    deploy: {wait_for_port: 8080}
`;

const values = {
  plain: canaries.variable,
  content: canaries.file,
  argument: canaries.command,
  hooked: canaries.hook,
  printed: canaries.printed,
};

const account =
  'registries: {registry.example.com: {username: deploy, password: registry-password}}\n';

async function start(): Promise<void> {
  logged = [];
  const log = listening(logged);
  const privateTo = { username: 'deploy', password: canaries.registry };
  ({ world, engine } = await startFlowWorld({
    files: { 'grid.yml': '', [stackFile('web')]: stackOf('web') },
    images: {
      [privateImage]: { listensAfter: 0, pullTakes: 10, privateTo },
      'leaky:1': {
        listensAfter: null,
        exitAfter: 0,
        exitCode: 1,
        log: [`cannot log in with ${canaries.printed}`],
      },
    },
    masterPorts: { log },
    agentLog: log,
    // Its faults are told with the address.
    engine: 'isomorphic',
  }));
  await world.final(await world.work.head());
}

/** What the master was given to sign in with, and keeps to sign and open with. */
async function credentials(): Promise<Readonly<Record<string, string>>> {
  const { auth } = world.tracked('grids', world.repository).forge as {
    readonly auth: { readonly token?: string };
  };
  const kept = ['master.key', 'sealing.key', 'seed'].map(async (name) => {
    const text = await readFile(join(world.masterData, name), 'latin1');
    const [longest = ''] = text.split('\n').toSorted((a, b) => b.length - a.length);
    return [name, longest] as const;
  });
  return {
    'api token': API_TOKEN,
    'webhook secret': WEBHOOK_SECRET,
    'token for the code host': auth.token ?? '',
    ...Object.fromEntries(await Promise.all(kept)),
  };
}

async function deployed(files: Readonly<Record<string, string>>): Promise<string> {
  return (await world.final(await world.push(files), 40_000)).state;
}

it('says no secret in any comment, status, page, answer, log, file of the store or fault, whatever happens', async () => {
  await start();
  // All is well.
  expect(
    await deployed({ 'secrets.yml': await sealed(values), [stackFile('web')]: stack('demo:1') }),
  ).toBe('success');
  // A container prints one, and ends.
  expect(await deployed({ [stackFile('web')]: stack('leaky:1') })).toBe('failure');
  // A registry refuses a password, and then takes another.
  const of = async (password: string) => await sealed({ ...values, 'registry-password': password });
  const [wrong, right] = [await of(canaries['wrong account']), await of(canaries.registry)];
  const withAccount = { 'grid.yml': account, [stackFile('web')]: stack(privateImage) };
  expect(await deployed({ ...withAccount, 'secrets.yml': wrong })).toBe('failure');
  expect(await deployed({ 'secrets.yml': right })).toBe('success');
  // Somebody writes one down, in every file.
  const clear = canaries['in the clear'];
  const careless = {
    'grid.yml': account.replace('registry-password', clear),
    'secrets.yml': `secrets: {plain: ${clear}}\n`,
    [stackFile('web')]: stack('demo:1'),
  };
  expect(await deployed(careless)).toBe('failure');
  const back = { ...withAccount, 'secrets.yml': right };
  expect(await deployed(back)).toBe('success');
  // A pull request changes one, and runs.
  const pull = await world.repository.openPullRequest({
    files: {
      [`grids/${world.grid}/secrets.yml`]: await of(canaries['pull request']),
      [`grids/${world.grid}/${stackFile('web')}`]: `${stack('demo:2')}    labels: {api_token: ${clear}}\n`,
    },
  });
  const isFinal = ({ state }: { readonly state: string }) => state !== 'pending';
  await world.github.waitForStatus(pull.head, 'gridops/plan', isFinal, 30_000);
  await eventually(
    async () => await Promise.resolve(pull.comments.length > 0 ? true : null),
    'the comment',
  );
  // Git and the code host do not answer, and strangers knock.
  world.github.git.fault({ kind: 'status', status: 500 });
  const secret = 'a wrong one';
  world.repository.addHook({
    url: `${world.master.url}/webhooks/github`,
    secret,
    events: ['push'],
  });
  const answer = await fetch(`${world.master.url}/api/v1/grids`, {
    headers: { authorization: 'Bearer a-wrong-one' },
  });
  expect(answer.status).toBe(401);
  await world.announcePush('f'.repeat(40));
  await eventually(
    async () => ((await world.gridStatus()).fault === null ? null : true),
    'the fault of Git',
  );

  const said = await everythingSaidIn(world, logged);

  expect(tells(said, 'cannot log in with [hidden]')).toBe(true);
  expect(tells(said, 'refused the user deploy')).toBe(true);
  expect(tells(said, 'HTTP status 500')).toBe(true);
  const planted = { ...canaries, ...(await credentials()) };
  expect(Object.values(planted).every((value) => value.length > 8)).toBe(true);
  const found = Object.entries(planted).filter(([, value]) => tells(said, value));
  expect(found.map(([where]) => where)).toEqual([]);
  expect(engine.names.length).toBeGreaterThan(0);
}, 120_000);
