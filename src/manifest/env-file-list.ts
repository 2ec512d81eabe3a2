import { EnvFileWish } from './env-file-schema.ts';
import type { Fault, Report } from './report.ts';
import { type ScalarNode, type TreeNode, valueAt } from './tree.ts';
import { createValidator } from './validate.ts';

/** One item of `env_file`. */
export interface EnvFile {
  readonly path: ScalarNode;
  /** When it is not there, that is a problem. */
  readonly isRequired: boolean;
  /** Values are taken as they are, in a Compose file, too. */
  readonly isRaw: boolean;
}

const maxFiles = 100;

const validateWish = createValidator(EnvFileWish);

/** `env_file`: a path, or a list of paths and of Compose's long form. */
export function readEnvFiles(written: TreeNode | null, report: Report): readonly EnvFile[] {
  if (written === null) return [];
  if (written.kind === 'map') {
    report.error(written, wrongType('map'));
    return [];
  }
  const items = written.kind === 'list' ? written.items : [written];
  if (items.length > maxFiles) {
    const message = `"env_file" names more than ${maxFiles} files`;
    report.error(written, { code: 'bad-environment', message });
    return [];
  }
  return items.flatMap((item) => readItem(item, report) ?? []);
}

function readItem(item: TreeNode, report: Report): EnvFile | null {
  if (item.kind === 'scalar') return { path: item, isRequired: true, isRaw: false };
  if (item.kind === 'list') {
    report.error(item, wrongType('list'));
    return null;
  }
  const wish = validateWish(item, report);
  const path = valueAt(item, 'path');
  if (wish === null || typeof wish === 'string' || path?.kind !== 'scalar') return null;
  return { path, isRequired: wish.required !== false, isRaw: wish.format === 'raw' };
}

function wrongType(found: TreeNode['kind']): Fault {
  const message = `"env_file" must be a path or a list of paths, not a ${found}`;
  const hint =
    'Write "env_file: a.env", or a list of paths and of "{path: a.env, required: false}".';
  return { code: 'wrong-type', message, hint };
}
