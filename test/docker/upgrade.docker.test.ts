import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { NodeList, NodeStatus } from '../../src/protocol/node-api.ts';
import type { VolumeList } from '../../src/protocol/volume-api.ts';
import { AnotherBuild, THIS_BUILD } from '../support/another-build.ts';
import { BuiltProcess } from '../support/built-process.ts';
import { TestEngine } from '../support/test-engine.ts';
import { API_TOKEN, eventually, startWorld, type World } from '../support/world.ts';

/** Of `gridops status`: the line of a node whose agent is older than the master. */
const OLD = /node-1 +online .* \d+\.\d+\.\d+ \(old\)/;

const engine = new TestEngine();
let older: AnotherBuild;
let newer: AnotherBuild;
let world: World;
/** What masters and agents are started from. */
let build: { master: string; agent: string };

beforeAll(async () => {
  await engine.prepare();
  [older, newer] = await Promise.all([AnotherBuild.older(), AnotherBuild.newer()]);
});

afterAll(async () => {
  await Promise.all([older.remove(), newer.remove()]);
});

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  await engine.clear(world.grid);
  expect(violations).toEqual([]);
});

async function startedWorld(files: Readonly<Record<string, string>>): Promise<World> {
  return await startWorld({
    nodes: ['node-1'],
    files: { 'grid.yml': '', ...files },
    launchMaster: async (options) => await BuiltProcess.start(build.master, 'master', options),
    launchAgent: async (options) => await BuiltProcess.start(build.agent, 'agent', options),
  });
}

/** Its containers answer when somebody has made the file `/go` in them; those of round 1 at once. */
const web = (round: number) => ({
  'stacks/web/kontena.yml': `stack: test/web
services:
  web:
    image: ${engine.image}
    instances: 2
    command: ${JSON.stringify(['sh', '-c', `until test ${round} = 1 -o -f /go; do sleep 0.1; done; exec httpd -f -p 8080 -h /`])}
    environment: {ROUND: "${round}"}
    deploy: {wait_for_port: 8080}
    stop_signal: SIGKILL
`,
});

const more = `stack: test/more
services:
  more: {image: ${engine.image}, stop_signal: SIGKILL}
`;

const job = {
  'stacks/tidy/kontena.yml': `stack: test/tidy
services:
  tidy:
    image: ${engine.image}
    command: ["sh", "-c", "exit 0"]
    job: {run: on-deploy}
`,
};

async function node(): Promise<NodeStatus | undefined> {
  return (await world.api<NodeList>(`grids/${world.grid}/nodes`)).nodes[0];
}

/** Resolves when the node's agent, of this version, has a session with the master. */
async function online(version: string): Promise<void> {
  await eventually(async () => {
    const found = await node();
    return found?.status === 'online' && found.facts?.agentVersion === version ? true : null;
  }, `an agent ${version} that is online`);
}

/** What a person is shown by `gridops status <grid>`, and its exit code. */
async function shown(): Promise<{ readonly text: string; readonly code: number }> {
  const program = join(THIS_BUILD, 'dist/cli/main.js');
  const args = [program, 'status', world.grid, '--master', world.master.url, '--token', API_TOKEN];
  return await new Promise((resolve) => {
    execFile(process.execPath, args, { env: { NO_COLOR: '1' } }, (error, text) =>
      resolve({ text, code: Number(error?.code ?? 0) }),
    );
  });
}

async function ids(): Promise<readonly string[]> {
  return [...(await engine.containers(world.grid)).values()].map(({ id }) => id).toSorted();
}

/** The next container of round 2, and that it answers is up to the test. */
async function started(earlier?: string): Promise<string> {
  return await eventually(async () => {
    for (const { id, running } of (await engine.containers(world.grid)).values())
      if (running && id !== earlier && (await isOfRound2(id))) return id;
    return null;
  }, 'a container of the new version');
}

async function isOfRound2(id: string): Promise<boolean> {
  // One of round 1 may be gone by now.
  const found = await engine.docker
    .getContainer(id)
    .inspect()
    .catch(() => null);
  return found?.Config.Env.includes('ROUND=2') === true;
}

async function letAnswer(id: string): Promise<void> {
  const touch = await engine.docker.getContainer(id).exec({ Cmd: ['sh', '-c', ': > /go'] });
  await touch.start({ Detach: true });
}

describe('another version', () => {
  it('of the agent, an older one, deploys what it knows, people are told, and an update disturbs nothing', async () => {
    build = { master: THIS_BUILD, agent: older.root };
    world = await startedWorld(web(1));
    expect(await world.final(await world.work.head())).toMatchObject({ state: 'success' });
    await online(older.version);

    expect(await shown()).toMatchObject({ code: 0, text: expect.stringMatching(OLD) });
    expect(await world.events()).toContainEqual(
      expect.objectContaining({ kind: 'agent-outdated', path: 'node-1' }),
    );
    expect(await world.api<VolumeList>(`grids/${world.grid}/volumes`)).toMatchObject({
      silent: [{ node: 'node-1', reason: 'the agent of node node-1 is too old to be asked' }],
    });

    const before = await ids();
    const sha = await world.push(job);
    expect(await world.final(sha)).toMatchObject({
      state: 'failure',
      description: expect.stringContaining('its agent is too old for jobs (node-1)'),
    });
    expect(await ids()).toEqual(before);

    await world.agents.get('node-1')?.stop();
    build = { ...build, agent: THIS_BUILD };
    await world.startAgent('node-1');
    await world.status(sha, ({ state }) => state === 'success');

    expect((await shown()).text).not.toMatch(OLD);
    expect(await ids()).toEqual(expect.arrayContaining([...before]));
  });

  it('of master and agent, put in place while a deploy is in flight, ends it once and doubles nothing', async () => {
    build = { master: THIS_BUILD, agent: THIS_BUILD };
    world = await startedWorld(web(1));
    expect(await world.final(await world.work.head())).toMatchObject({ state: 'success' });
    const recorder = await engine.recordStarts(world.grid);
    const sha = await world.push(web(2));
    const first = await started();

    await world.stopMaster();
    build = { ...build, master: newer.root };
    await world.startMaster();
    await eventually(async () => ((await node())?.outdated === true ? true : null), 'the remark');
    expect((await shown()).text).toMatch(OLD);

    await world.agents.get('node-1')?.stop();
    build = { ...build, agent: newer.root };
    await world.startAgent('node-1');
    await online(newer.version);
    expect((await shown()).text).not.toMatch(OLD);
    expect(world.github.statuses(sha).filter(({ state }) => state !== 'pending')).toEqual([]);
    await letAnswer(first);
    await letAnswer(await started(first));

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    await eventually(async () => ((await ids()).length === 2 ? true : null), 'two containers');
    recorder.stop();
    expect(recorder.starts, recorder.starts.join('; ')).toHaveLength(2);
    expect(world.github.statuses(sha).filter(({ state }) => state !== 'pending')).toHaveLength(1);
    expect((await world.deploys()).filter((deploy) => deploy.sha === sha)).toEqual([
      expect.objectContaining({ phase: 'succeeded' }),
    ]);
  });

  it('of the master, an older one, does not start on what a newer one has written, and loses nothing by that', async () => {
    build = { master: newer.root, agent: THIS_BUILD };
    world = await startedWorld(web(1));
    expect(await world.final(await world.work.head())).toMatchObject({ state: 'success' });
    const before = await ids();

    await world.stopMaster();
    build = { ...build, master: THIS_BUILD };
    await expect(world.startMaster()).rejects.toThrow('the store was written by a newer gridops');
    build = { ...build, master: newer.root };
    await world.startMaster();

    const sha = await world.push({ 'stacks/more/kontena.yml': more });
    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    expect(await ids()).toEqual(expect.arrayContaining([...before]));
  });
});
