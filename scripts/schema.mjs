// Writes schema/*.json, which editors read, from the built schemas. Run after a build; a test checks that they are current.
import { mkdir, writeFile } from 'node:fs/promises';
import { editorSchemas } from '../dist/manifest/editor-schema.js';

const folder = new URL('../schema/', import.meta.url);
await mkdir(folder, { recursive: true });
for (const [name, schema] of Object.entries(editorSchemas())) {
  await writeFile(new URL(name, folder), `${JSON.stringify(schema, null, 2)}\n`);
}
