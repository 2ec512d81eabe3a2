import type { Preview } from '../model/preview.ts';
import { idAfter } from '../store/ordered-id.ts';
import type { PreviewRecords } from './preview-teller.ts';

export function createPreviewRecords(): PreviewRecords {
  const all: Preview[] = [];
  return {
    newest: async (repository, number) =>
      await Promise.resolve(
        all.findLast((one) => one.repository === repository && one.request.number === number) ??
          null,
      ),
    add: async (preview) => {
      const made = { ...preview, id: idAfter(null, preview.at) };
      all.push(made);
      return await Promise.resolve(made);
    },
  };
}
