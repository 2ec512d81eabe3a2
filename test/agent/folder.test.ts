import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyAgentFolder } from '../../src/agent/folder.ts';
import { JobRecord } from '../../src/agent/job-record.ts';
import { SecretStore } from '../../src/agent/secret-store.ts';
import { packValues } from '../../src/secrets/parcel.ts';

let parent = '';
let folder = '';

beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'gridops-folder-'));
  folder = path.join(parent, 'agent');
  await mkdir(folder);
});

afterEach(async () => {
  await rm(parent, { recursive: true, force: true });
});

describe('the folder of an agent whose node has left', () => {
  it('keeps neither runs of jobs nor values of secrets, also where an agent was killed while it wrote them', async () => {
    const jobs = await JobRecord.open(folder);
    const run = { id: 'due-1', attempt: 1, container: 'c0ffee', request: null, retry: null };
    await jobs.begin('shop/nightly-1', run);
    const secrets = await SecretStore.open(folder);
    await secrets.take(await packValues(secrets.recipient, new Map([['mark', 'hush']])));
    await writeFile(path.join(folder, 'secrets.json.new'), '[["mark","hu');

    await emptyAgentFolder(folder);

    expect(await readdir(parent)).toEqual([]);
  });

  it('stays with what is not the agent’s', async () => {
    await writeFile(path.join(folder, 'node.pem'), 'key');
    await writeFile(path.join(folder, 'notes.txt'), 'a person’s');

    await emptyAgentFolder(folder);

    expect(await readdir(folder)).toEqual(['notes.txt']);
  });
});
