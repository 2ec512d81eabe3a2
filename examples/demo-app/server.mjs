import { open, readFile, rename } from 'node:fs/promises';
import { createServer } from 'node:http';

/**
 * What the example grid runs. `/` says who answers; `/count` counts its calls and keeps the count in `/data`, where that
 * is a volume. Everything that may differ comes from the environment: GREETING, VERSION, PORT, DATA, and FAIL to see what
 * a failing deploy looks like.
 */
const env = process.env;
const data = env.DATA ?? '/data';
const instance = `${env.KONTENA_STACK_NAME}/${env.KONTENA_SERVICE_NAME}-${env.KONTENA_SERVICE_INSTANCE_NUMBER}`;

if (env.FAIL) {
  console.error(`I was told to fail: ${env.FAIL}`);
  process.exit(1);
}

let last = Promise.resolve(0);

const server = createServer((request, response) => void respond(request, response));

async function respond(request, response) {
  const { status, text } = await answer(request).catch((error) => ({
    status: 500,
    text: error.message,
  }));
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

async function answer(request) {
  if (request.method !== 'GET') return { status: 405, text: 'only GET' };
  if (request.url === '/') return { status: 200, text: greeting() };
  if (request.url !== '/count') return { status: 404, text: 'there is / and /count' };
  // One after the other: two visits at the same time are two visits.
  last = last.then(count, count);
  return {
    status: 200,
    text: `visit ${await last}, counted by ${instance} on ${env.KONTENA_NODE_NAME}`,
  };
}

function greeting() {
  const hello = env.GREETING ?? 'Hello';
  return `${hello}\n${instance} on ${env.KONTENA_NODE_NAME}, version ${env.VERSION ?? 'unknown'}`;
}

/** The new count is on the disk, whole, before anybody is told of it. */
async function count() {
  const file = `${data}/count`;
  const next = (await readCount(file)) + 1;
  const handle = await open(`${file}.new`, 'w');
  await handle.writeFile(`${next}\n`);
  await handle.sync();
  await handle.close();
  await rename(`${file}.new`, file);
  const folder = await open(data);
  await folder.sync();
  await folder.close();
  return next;
}

async function readCount(file) {
  try {
    return Number(await readFile(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return 0;
    throw error;
  }
}

// The first process of a container gets no default handling of signals.
for (const signal of ['SIGTERM', 'SIGINT'])
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });

const port = Number(env.PORT ?? 8080);
server.listen(port, () => console.log(`${instance} listens on ${port}`));
