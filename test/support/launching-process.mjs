import { spawn } from 'node:child_process';

// Of launcher.ts: runs programs for a process to which starting one is costly. Ends with it.
process.on('disconnect', () => process.exit());
process.on('message', ({ id, program, args, env, cwd, input }) => {
  const child = spawn(program, args, { env, cwd });
  const [stdout, stderr] = [child.stdout, child.stderr].map(collect);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  child.on('error', (error) => process.send({ id, error: error.message }));
  child.on('close', (code) => process.send({ id, code, stdout: stdout(), stderr: stderr() }));
});

function collect(stream) {
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}
