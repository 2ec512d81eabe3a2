/**
 * A master or an agent that is killed by SIGKILL just before its Nth effect: forked by `crashing.ts` as
 * `crashing-process.mjs master|agent`. It begins when it is sent its options and N, 0 for never. A number sent as message
 * sets N anew. It runs the build in dist/, so that the process is exactly what users run; only the ports to the outside
 * are wrapped. Dying before an effect is dying after the one before
 * it, so every gap between two effects has its turn. Questions change nothing and do not count.
 */
const [kind] = process.argv.slice(2);
let left = 0;
let begin = () => undefined;
const begun = new Promise((resolve) => {
  begin = resolve;
});
process.on('message', (message) => {
  if (typeof message === 'number') left = message;
  else begin(message);
});
process.on('disconnect', () => process.exit(0));

function effect() {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}

const storeQuestions = [
  'active',
  'due',
  'entries',
  'get',
  'grids',
  'head',
  'isRevoked',
  'lastGood',
];
const engineQuestions = [
  'find',
  'list',
  'logs',
  'nextDueAt',
  'queued',
  'unfinished',
  'unsent',
  'watch',
];
const questions = new Set(storeQuestions.concat(engineQuestions));

/** Every method of an object that changes something, counted. */
function counted(target) {
  return new Proxy(target, {
    get(object, name) {
      const value = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      return (...args) => {
        if (!questions.has(name)) effect();
        return value.apply(object, args);
      };
    },
  });
}

/** The store is an object of objects: one for each noun. */
function countedNouns(store) {
  return Object.fromEntries(
    Object.entries(store).map(([name, value]) => [
      name,
      typeof value === 'function' ? value : counted(value),
    ]),
  );
}

/** All that takes long has been loaded by then. */
async function settings() {
  const { options, crashAt } = await begun;
  left = crashAt;
  return options;
}

async function startMaster() {
  const { startMaster: start } = await import('../../dist/master/main.js');
  return await start(await settings(), { store: countedNouns, forge: counted });
}

async function startAgent() {
  const { startAgent: start } = await import('../../dist/agent/main.js');
  const { DockerClient } = await import('../../dist/agent/docker.js');
  const { DockerContainers } = await import('../../dist/agent/docker-containers.js');
  const { DockerNetworks } = await import('../../dist/agent/docker-networks.js');
  const { createBridgeNetworks } = await import('../../dist/agent/plain-networks.js');
  const { createLog } = await import('../../dist/runtime/log.js');
  const { systemClock } = await import('../../dist/runtime/clock.js');
  const own = await settings();
  const client = new DockerClient({ address: own.dockerSocket });
  const networks = createBridgeNetworks(new DockerNetworks(client));
  const containers = new DockerContainers(client, networks);
  return await start(
    {
      ...own,
      log: createLog({ level: 'silent', name: 'agent' }),
      clock: systemClock,
      random: Math.random,
    },
    { containers: counted(containers) },
  );
}

const running = kind === 'master' ? await startMaster() : await startAgent();
process.send({ url: running.url ?? null });
