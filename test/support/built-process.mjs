/**
 * A master or an agent of any build of gridops: forked by `built-process.ts` as `built-process.mjs <build> master|agent
 * <options as JSON>`. It says on its channel when it runs, and stops as a service manager stops it: by SIGTERM.
 */
const [build, kind, options] = process.argv.slice(2);

async function load(file) {
  return await import(`${build}/dist/${file}`);
}

async function startMaster() {
  const { startMaster: start } = await load('master/main.js');
  return await start(JSON.parse(options));
}

async function startAgent() {
  const { startAgent: start } = await load('agent/main.js');
  const { createLog } = await load('runtime/log.js');
  const { systemClock } = await load('runtime/clock.js');
  const log = createLog({ level: 'silent', name: 'agent' });
  // Hardly any jitter: it comes back as soon as its master does.
  return await start({ ...JSON.parse(options), log, clock: systemClock, random: () => 0.01 });
}

const running = kind === 'master' ? await startMaster() : await startAgent();
process.once('SIGTERM', () => {
  running.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.send({ url: running.url ?? null });
