import { GridError } from '../model/error.ts';
import type { GridController } from './controller.ts';

/** Confirms the plan that begins with a hash, of whichever held deploy it is. Gives its grid; throws `GridError`. */
export async function approveByHash(
  controllers: ReadonlyMap<string, Pick<GridController, 'view' | 'approve'>>,
  of: { readonly hash: string; readonly actor: string },
): Promise<string> {
  for (const [grid, controller] of controllers) {
    const { deployId: id, waiting, plan } = controller.view;
    const planHash = (waiting?.plan ?? plan)?.hash;
    if (id === null || planHash?.startsWith(of.hash) !== true) continue;
    const kind = await controller.approve({ id, planHash, actor: of.actor });
    if (kind === 'approved') return grid;
  }
  throw new GridError({
    code: 'not-found',
    message: `no deploy is held with a plan ${of.hash}`,
    hint: 'It may have changed since: read the status of the commit.',
  });
}
