import type { AssignedInstance } from '../model/assignment.ts';
import { GridError } from '../model/error.ts';
import type { Containers, ExecResult } from './containers.ts';
import type { SecretStore } from './secret-store.ts';

/** The kernel's bound on one variable of the environment, with its name. */
const MAX_VARIABLE_BYTES = 131_071;

/**
 * Containers that get the values of secrets in place of their marks, and whose outputs are told without them: whoever works
 * on these knows nothing of secrets, and has nothing to give away.
 */
export function withSecrets(containers: Containers, secrets: SecretStore): Containers {
  const quiet = async <T>(call: () => Promise<T>): Promise<T> => await concealed(call, secrets);
  return {
    list: async (scope) => await containers.list(scope),
    find: async (scope, id) => {
      const all = await containers.find(scope, id);
      return all.map((facts) => ({
        ...facts,
        engineMessage: secrets.conceal(facts.engineMessage),
      }));
    },
    create: async (scope, instance, name) =>
      await quiet(async () => await containers.create(scope, filled(instance, secrets), name)),
    createHook: async (scope, instance, of) =>
      await quiet(
        async () =>
          await containers.createHook(scope, filled(instance, secrets), {
            ...of,
            hook: secrets.reveal(of.hook),
          }),
      ),
    createExec: async (id, hook) =>
      await quiet(async () => await containers.createExec(id, secrets.reveal(hook))),
    exec: async (exec, limit, signal) =>
      await quiet(async () => silent(await containers.exec(exec, limit, signal), secrets)),
    start: async (id) => await quiet(async () => await containers.start(id)),
    stop: async (id, grace, signal) => await containers.stop(id, grace, signal),
    remove: async (id) => await containers.remove(id),
    unpause: async (id) => await containers.unpause(id),
    mend: async (scope, id, of) => await containers.mend(scope, id, of),
    rename: async (id, name) => await containers.rename(id, name),
    logs: async (id) => (await containers.logs(id)).map((line) => secrets.conceal(line)),
    watch: async (scope, changed, signal) => await containers.watch(scope, changed, signal),
  };
}

function filled<T extends AssignedInstance>(instance: T, secrets: SecretStore): T {
  const { hooks, ...rest } = instance.spec;
  const spec = secrets.reveal(rest);
  for (const [name, value] of Object.entries(spec.env)) checkSize(name, value);
  // Hooks become a label, which everybody reads: they are filled when they are run.
  return { ...instance, spec: hooks === undefined ? spec : { ...spec, hooks } };
}

/** The engine would take it, and the kernel refuse it without a word of which variable it is. */
function checkSize(name: string, value: string): void {
  const bytes = Buffer.byteLength(name) + 1 + Buffer.byteLength(value);
  if (bytes <= MAX_VARIABLE_BYTES) return;
  throw new GridError({
    code: 'engine-refused',
    message: `the variable ${name} has ${bytes} bytes with its secrets; the kernel takes at most ${MAX_VARIABLE_BYTES}`,
    hint: 'Give the container a file: "secrets: [NAME]".',
  });
}

function silent({ exitCode, log }: ExecResult, secrets: SecretStore): ExecResult {
  return { exitCode, log: log.map((line) => secrets.conceal(line)) };
}

/** Engines repeat what they were asked for when they refuse it. */
async function concealed<T>(call: () => Promise<T>, secrets: SecretStore): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof GridError)) throw error;
    const { code, retry, hint } = error;
    const message = secrets.conceal(error.message);
    if (message === error.message) throw error;
    throw new GridError({ code, retry, message, ...(hint === undefined ? {} : { hint }) });
  }
}
