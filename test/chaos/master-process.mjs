/** The master that users run, with options that are no settings: `master-process.mjs <options as JSON>`. */
const { startMaster } = await import('../../dist/master/main.js');
const running = await startMaster(JSON.parse(process.argv[2]));
process.once('SIGTERM', () => {
  running.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
