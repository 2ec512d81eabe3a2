import type { TrackedOptions } from '../../../src/master/options.ts';
import type { Store } from '../../../src/store/store.ts';
import { createSigners } from '../../support/signers.ts';
import type { World } from '../../support/world.ts';
import { stackFile, stackOf } from '../flow-world.ts';
import { secondRepository } from '../second-repository.ts';
import {
  MISSPELT,
  pushing,
  type RedScenario,
  short,
  type Told,
  WEB_FILE,
  web,
} from './scenario.ts';

const GIVING_UP = 'the container exited with code 1 before it was ready: giving up';
const ROLLBACK = { 'grid.yml': 'deploy: {on_failure: rollback}\n' };
const BROKEN = pushing(web({ image: 'broken:1' }));
const SICK = `stack: test/web
services:
  web:
    image: sick:1
    health_check: {protocol: http, port: 8080, initial_delay: 0, interval: 2, timeout: 1, retries: 1}
`;
/** One of these stops before the next one starts. */
const alone = (image: string) => web({ image, more: "    ports: ['18080:8080']\n" });
/** Each service has what one may have; all of them are more than a message holds. */
const SERVICES = Array.from({ length: 20 }, (_, n) => `s${n}`);
const FILES = SERVICES.flatMap((name) => [0, 1, 2, 3].map((n) => `${name}-${n}`));
const BIG: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    FILES.map((name) => [`stacks/big/${name}.txt`, name.repeat(250_000 / name.length)]),
  ),
  [stackFile('big')]: `stack: test/big
configs:
${FILES.map((name) => `  ${name}: {file: ${name}.txt}`).join('\n')}
services:
${SERVICES.map((name) => `  ${name}: {image: 'demo:1', configs: [${FILES.filter((file) => file.startsWith(`${name}-`)).join(', ')}]}`).join('\n')}
`,
};

/** Of `gridops/<grid>`. */
export const deployScenarios: readonly RedScenario[] = [
  {
    name: 'an error in a file',
    line: '<file>:<line>:<column> <what is wrong>. <what to write>',
    said: `${WEB_FILE}:4:5 unknown key "imag". Did you mean "image"?`,
    arrange: pushing(MISSPELT),
  },
  {
    name: 'a secret that nobody has sealed',
    line: '<file>:<line>:<column> "<secrets.yml>" has no secret "<name>"',
    said: `${WEB_FILE}:7:15 "grids/{grid}/secrets.yml" has no secret "db-password"`,
    arrange: pushing(web({ more: '    secrets: [db-password]\n' })),
  },
  {
    name: 'a stack of a repository that is not followed',
    line: '<file>:<line>:<column> the master\'s settings name no repository "<name>" that this grid may take stacks from',
    said: 'grids/{grid}/grid.yml:1:29 the master\'s settings name no repository "shop" that this grid may take stacks from',
    arrange: pushing({ 'grid.yml': 'stacks: {shop: {repository: shop, ref: v1}}\n' }),
  },
  {
    name: 'a commit that is not signed',
    line: '<file>:<line>:<column> commit <commit> of <author> ("<title>") <why>; the master wants trusted signatures for <folder>',
    said: 'grids/{grid}:1:1 commit {sha} of Ada Example ("first") is not signed; the master wants trusted signatures for the repository',
    options: async () => {
      const signers = await createSigners();
      const { publicKey } = await signers.ssh('ada');
      const keys = { gpg: null, ssh: publicKey, sshRevoked: null };
      return { tracked: { verify: [{ path: '', mode: 'head', seal: null, ...keys }] } };
    },
    arrange: async (world) => {
      const sha = await world.work.head();
      return { sha, words: { sha: sha.slice(0, 12) } };
    },
  },
  {
    name: 'an image that there is not',
    line: '<instance> on <node>: <why it failed>',
    said: 'web/web-1 on node-1: no registry has image absent:1',
    arrange: pushing(web({ image: 'absent:1' })),
  },
  {
    name: 'a program that ends',
    line: '<instance> on <node>: the container exited with code <code> before it was ready: <its last words>',
    said: `web/web-1 on node-1: ${GIVING_UP}`,
    arrange: BROKEN,
  },
  {
    name: 'a health check that fails',
    line: '<instance> on <node>: the container was not ready after <seconds> s: <what it was asked>',
    said: 'web/web-1 on node-1: the container was not ready after 2 s: GET / was answered with 500',
    arrange: async (world, engine) => {
      engine.behave('sick:1', { listensAfter: 0, status: 500 });
      return await pushing({ [stackFile('web')]: SICK })(world);
    },
  },
  {
    name: 'a service that was rolled back',
    line: 'rolled back, diverges from git: <instance> on <node>: <why it failed>',
    said: `rolled back, diverges from git: web/web-1 on node-1: ${GIVING_UP}`,
    files: ROLLBACK,
    arrange: BROKEN,
  },
  {
    name: 'a service that has nothing to be rolled back to',
    line: '<instance> on <node>: <why it failed>; not rolled back: <why not>',
    said: 'blog/blog-1 on node-2: no registry has image absent:1; not rolled back: it is not known to have served before',
    files: ROLLBACK,
    arrange: pushing({ [stackFile('blog')]: stackOf('blog', { image: 'absent:1' }) }),
  },
  {
    name: 'a service that does not run as it was before either',
    line: 'rolled back, and what served before fails as well: <instance> on <node>: <why it failed>',
    said: 'rolled back, and what served before fails as well: web/web-1 on node-1: the container exited with code 3',
    files: { ...ROLLBACK, ...alone('demo:1') },
    arrange: async (world, engine) => {
      engine.behave('demo:1', { listensAfter: null, exitAfter: 0, exitCode: 3 });
      return await pushing(alone('broken:1'))(world);
    },
  },
  {
    name: 'an instance that fits on no node',
    line: '<instance>: no node can take it: <filters and nodes>',
    said: 'web/web-1: no node can take it: label==ssd not satisfied (node-1, node-2)',
    arrange: pushing(web({ more: '    affinity: [label==ssd]\n' })),
  },
  {
    name: 'more than a message to a node can hold',
    line: 'the assignment of node <node> is too large: <size>',
    said: 'the assignment of node node-1 is too large: 21 instances of at most 10000, * bytes of at most 16777216',
    options: async () => await Promise.resolve({ nodes: ['node-1'] }),
    arrange: pushing(BIG),
  },
  {
    name: 'a deploy whose time is over',
    line: 'not converged after <seconds> s: <what it waits for>',
    said: 'not converged after 1 s: web/web-1 on node-1: waiting until it is ready: port 8080 does not accept connections',
    arrange: pushing({ 'grid.yml': 'deploy: {timeout: 1s}\n', ...web({ image: 'deaf:1' }) }),
  },
  {
    name: 'a deploy that a newer commit has overtaken',
    line: 'superseded by <commit> after <how far>',
    said: 'superseded by {by} after 0/2 instances',
    arrange: overtaken,
  },
  {
    name: 'a commit that was pushed with newer ones',
    line: 'superseded by <commit>',
    said: 'superseded by {by}',
    arrange: async (world) => {
      await world.work.write(`grids/${world.grid}/README.md`, 'one');
      const sha = await world.work.commit('a moment before');
      const by = await world.push(web({ image: 'demo:2' }));
      await world.final(by);
      await world.announcePush(sha);
      return { sha, words: { by: short(by) } };
    },
  },
  takenGrid(),
];

/** In state `error`: ours. */
export const faultScenarios: readonly RedScenario[] = [
  {
    name: 'a fault of the master',
    line: '<what happened>; trying again',
    said: 'no space left on device; trying again',
    options: async () => await Promise.resolve({ masterPorts: { store: failsAfterFirst } }),
    arrange: pushing(web({ image: 'demo:2' })),
  },
];

/** In state `pending`, until somebody does something. */
export const heldScenarios: readonly RedScenario[] = [
  {
    name: 'removals that somebody has to confirm',
    line: 'held: removes <how many> instances, and one plan may remove <share> without confirmation; confirm with gridops approve',
    said: 'held: removes 4 of 5 instances, and one plan may remove 30 % without confirmation; confirm with gridops approve',
    files: { ...web({ instances: 4 }), [stackFile('blog')]: stackOf('blog') },
    arrange: pushing({ 'stacks/web': null }),
  },
  {
    name: 'a grid that is frozen',
    line: 'held: closed until <when>: <why>; confirm with gridops approve',
    said: 'held: closed until somebody unfreezes the grid: frozen by api (the audit); confirm with gridops approve',
    arrange: async (world) => {
      await world.api(`grids/${world.grid}/freeze`, { reason: 'the audit' }, 'PUT');
      return { sha: await world.push(web({ image: 'demo:2' })) };
    },
  },
  {
    name: 'a plan that nobody has reviewed',
    line: 'held: no pull request has shown its plan; confirm with gridops approve',
    said: 'held: no pull request has shown its plan; confirm with gridops approve',
    arrange: async (world) => {
      await requireReview(world);
      return { sha: await world.push(web({ image: 'demo:2' })) };
    },
  },
];

/** Titles of check runs, of what is deployed. */
export const gridFilesScenarios: readonly RedScenario[] = [
  {
    name: 'an error in a file',
    line: '<number of errors>',
    said: '1 error',
    arrange: pushing(MISSPELT),
  },
];

/** Of deployments. */
export const deploymentScenarios: readonly RedScenario[] = [
  {
    name: 'a program that ends',
    line: '<what gridops/<grid> says>',
    said: `web/web-1 on node-1: ${GIVING_UP}`,
    arrange: BROKEN,
  },
];

/** Of deployments that are not the newest any more. */
export const inactiveScenarios: readonly RedScenario[] = [
  {
    name: 'a deploy that a newer commit has overtaken',
    line: 'superseded by <commit> after <how far>',
    said: 'superseded by {by} after 0/2 instances',
    arrange: overtaken,
  },
];

function takenGrid(): RedScenario {
  const others: TrackedOptions[] = [];
  return {
    name: 'a grid that another repository had first',
    line: "the grid <grid> is the repository <name>'s, which had it first; nothing of this one is deployed",
    said: "the grid {grid} is the repository grids's, which had it first; nothing of this one is deployed",
    options: async () => await Promise.resolve({ others: () => others }),
    arrange: async (world) => {
      const other = await secondRepository(world, 'other');
      const sha = await other.push({ [`grids/${world.grid}/grid.yml`]: '' });
      others.push(other.options());
      await world.stopMaster();
      await world.startMaster();
      await other.final(sha);
      await other.dispose();
      return { sha };
    },
  };
}

async function overtaken(world: World): Promise<Told> {
  const sha = await world.push(web({ image: 'deaf:1', instances: 2 }));
  await world.status(sha, ({ description }) => description?.includes('0/2') === true);
  return { sha, words: { by: short(await world.push(web())) } };
}

async function requireReview(world: World): Promise<void> {
  const sha = await world.push({ 'grid.yml': 'deploy: {require_reviewed_plan: true}\n' });
  const asked = await world.status(
    sha,
    ({ state, description }) => state === 'success' || description?.startsWith('held') === true,
  );
  if (asked.state === 'success') return;
  const [newest] = await world.deploys();
  const { id, plan } = await world.deploy(newest?.id ?? '');
  await world.api(`deploys/${id}/approve`, { planHash: plan?.hash });
  await world.status(sha, ({ state }) => state === 'success');
}

function failsAfterFirst(opened: Store): Store {
  let kept = 0;
  return {
    ...opened,
    revisions: {
      ...opened.revisions,
      putGood: async (good) => {
        kept += 1;
        if (kept > 1) throw new Error('no space left on device');
        await opened.revisions.putGood(good);
      },
    },
  };
}
