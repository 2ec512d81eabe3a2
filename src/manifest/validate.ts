import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type Type from 'typebox';
import { conform } from './conform.ts';
import { explain } from './explain.ts';
import type { Report } from './report.ts';
import { type TreeNode, withoutKeys } from './tree.ts';

/** Tree → value of the schema's type; `null` after the problems were reported where they are written. */
export type Validator<T> = (node: TreeNode, report: Report) => T | null;

export function createValidator<S extends Type.TSchema>(schema: S): Validator<Type.Static<S>> {
  const compiled = compileSchema(schema);
  return (node, report) => {
    const check = compiled();
    const value = conform(node, schema);
    if (check(value)) return value;
    explainAll(check.errors ?? [], node, report);
    return null;
  };
}

/**
 * The same, but after the problems were reported it answers with what is left without the wrong keys: so that what other keys
 * say is looked at too, and everything is reported at once.
 */
export function createSalvagingValidator<S extends Type.TSchema>(
  schema: S,
): Validator<Type.Static<S>> {
  const compiled = compileSchema(schema);
  return (node, report) => {
    const check = compiled();
    const value = conform(node, schema);
    if (check(value)) return value;
    const errors = check.errors ?? [];
    explainAll(errors, node, report);
    if (node.kind !== 'map') return null;
    const rest = conform(withoutKeys(node, errors.map(wrongKey)), schema);
    return check(rest) ? rest : null;
  };
}

/** Enough for a person; thousands of errors of one map are not worth their time. */
const maxErrors = 100;

/** Compiling costs tens of milliseconds: once for each schema, and not before it is needed. Most processes need few. */
function compileSchema<S extends Type.TSchema>(schema: S): () => ValidateFunction<Type.Static<S>> {
  let compiled: ValidateFunction<Type.Static<S>> | null = null;
  return () => {
    compiled ??= compileNow(schema);
    return compiled;
  };
}

function compileNow<S extends Type.TSchema>(schema: S): ValidateFunction<Type.Static<S>> {
  // Optimising takes longer than all that is ever checked.
  const code = { optimize: false };
  const options = { strict: true, allErrors: true, verbose: true, allowUnionTypes: true, code };
  const ajv = new Ajv2020(options);
  ajv.addKeyword({ keyword: 'later', schemaType: 'array' });
  ajv.addKeyword({ keyword: 'refused', schemaType: 'object' });
  return ajv.compile<Type.Static<S>>(schema);
}

function explainAll(errors: readonly ErrorObject[], node: TreeNode, report: Report): void {
  for (const error of errors.slice(0, maxErrors)) explain(error, node, report);
}

/** The key at the top below which, or as which, something is wrong. */
function wrongKey(error: ErrorObject): string {
  const [, first] = error.instancePath.split('/');
  return first ?? String(error.params['additionalProperty'] ?? '');
}
