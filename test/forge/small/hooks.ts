import type { Dialect } from './dialect.ts';
import type { SmallEvent, SmallRepository, SmallWorld } from './state.ts';

/** Once to each hook, as it happens. */
export async function sendWebhook(
  world: SmallWorld,
  dialect: Dialect,
  { repository, event }: { readonly repository: SmallRepository; readonly event: SmallEvent },
): Promise<void> {
  const { headers, body } = dialect.webhook(world, repository, event);
  const text = JSON.stringify(body);
  for (const { url, secret } of repository.hooks) {
    const signed = { ...headers, ...dialect.signature(text, secret) };
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signed },
      body: text,
      signal: AbortSignal.timeout(10_000),
    }).catch((error: unknown) => void world.violations.push(`webhook: ${String(error)}`));
  }
}
