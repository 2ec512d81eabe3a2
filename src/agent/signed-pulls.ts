import { GridError } from '../model/error.ts';
import {
  type RegistryAccount,
  type RegistryAccounts,
  registryOf,
} from '../model/registry-account.ts';
import { parseMark } from '../model/secret.ts';
import type { Engine, PullOptions, SignIn } from './containers.ts';
import type { SecretStore } from './secret-store.ts';

export interface SignedPullsOptions {
  readonly engine: Engine;
  /** By which pulls are signed, now. */
  readonly accounts: () => RegistryAccounts;
  readonly secrets: Pick<SecretStore, 'reveal' | 'conceal'>;
}

const HIDDEN = '[hidden]';
/** Shorter ones stand in other texts by chance. */
const MIN_CONCEALED = 4;

/**
 * An engine that tells registries by whom an image is asked for, where the grid has an account there. The password leaves it
 * only for the engine behind it, and stands in nothing that comes back.
 */
export function signedPulls({ engine, accounts, secrets }: SignedPullsOptions): Engine {
  return {
    facts: async () => await engine.facts(),
    host: async (scope) => await engine.host(scope),
    ping: async () => await engine.ping(),
    disk: async () => await engine.disk(),
    pull: async (image, options) => {
      const host = registryOf(image);
      const known = accounts();
      const account = Object.hasOwn(known, host) ? known[host] : undefined;
      return account === undefined
        ? await pullAsAnybody(image, options, host)
        : await pullAs({ host, ...account }, image, options);
    },
  };

  async function pullAsAnybody(
    image: string,
    options: PullOptions,
    host: string,
  ): Promise<string | null> {
    try {
      return await engine.pull(image, options);
    } catch (error) {
      const wants = `${host} wants an account ("registries" in grid.yml)`;
      throw retold(error, {
        refused: (text) => `${wants}: ${text}`,
        hidden: (text) => `${text}; if it is private, ${wants}`,
        conceal: (text) => text,
      });
    }
  }

  async function pullAs(
    { host, username, password }: RegistryAccount & { readonly host: string },
    image: string,
    options: PullOptions,
  ): Promise<string | null> {
    let known: SignIn | null = null;
    const signIn = (): SignIn => {
      known = { host, username, password: secrets.reveal(password) };
      return known;
    };
    try {
      return await engine.pull(image, { ...options, signIn });
    } catch (error) {
      const secret = parseMark(password)?.name ?? '';
      throw retold(error, {
        refused: (text) =>
          `${host} refused the user ${username}, whose password is the secret ${secret}: ${text}`,
        hidden: (text) => `${text} (the user ${username} asked for it)`,
        conceal: (text) => secrets.conceal(withoutSignIn(text, known)),
      });
    }
  }
}

interface Retelling {
  /** Of one that does not let us in. */
  readonly refused: (text: string) => string;
  /** Of one that does not say whether it has no such image, or shows it to others only. */
  readonly hidden: (text: string) => string;
  readonly conceal: (text: string) => string;
}

/** What to do is in the message: it is all that a deploy shows of it. */
function retold(error: unknown, { refused, hidden, conceal }: Retelling): unknown {
  if (!(error instanceof GridError)) return error;
  const { code, retry, hint } = error;
  const shown = conceal(error.message);
  const message = rephrased();
  if (message === error.message) return error;
  // Without its cause: that has the words as they were.
  return new GridError({ code, retry, message, ...(hint === undefined ? {} : { hint }) });

  function rephrased(): string {
    if (code === 'registry-refused') return refused(shown);
    return code === 'image-not-found' && /denied/.test(shown) ? hidden(shown) : shown;
  }
}

/** Also when the secret is another one by now; and both together, as they travel. */
function withoutSignIn(text: string, signIn: SignIn | null): string {
  if (signIn === null) return text;
  const { username, password } = signIn;
  const header = Buffer.from(`${username}:${password}`).toString('base64');
  const shown = text.replaceAll(header, HIDDEN);
  return password.length < MIN_CONCEALED ? shown : shown.replaceAll(password, HIDDEN);
}
