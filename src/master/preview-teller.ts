import { environmentStatus } from '../forge/environment-status.ts';
import { FILES_CHECK, previewCheck } from '../forge/file-check.ts';
import type { ForgeLimits, RepositoryName } from '../forge/forge.ts';
import { gridContext, PLAN_CONTEXT, planningStatuses, planStatuses } from '../forge/plan-status.ts';
import { hiddenLine, previewComment, previewMarker } from '../forge/preview-comment.ts';
import type { Reporter } from '../forge/reporter.ts';
import type { Preview, PreviewOutcome } from '../model/preview.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Previews } from '../store/previews.ts';
import type { MergeGroup } from './merge-groups.ts';
import type { PreviewTeller } from './pull-request-desk.ts';

export interface PreviewTellerOptions {
  readonly repository: RepositoryName;
  readonly branch: string;
  readonly limits: ForgeLimits;
  readonly reporter: Pick<
    Reporter,
    'want' | 'hasFinal' | 'wantComment' | 'wantCheck' | 'repeatCheck'
  >;
  readonly previews: Pick<Previews, 'create' | 'newest' | 'outdate' | 'close'>;
  /** Where people reach this master's pages, without a slash at the end. */
  readonly publicUrl: () => string;
  readonly clock: Pick<Clock, 'now'>;
}

/** Why a preview does not hold any more. */
const MOVED = 'base moved';

/** Says what previews came to: on the commit as statuses, on the pull request as one comment, and on a page of its own. */
export function createPreviewTeller(options: PreviewTellerOptions): PreviewTeller {
  const { repository, limits, reporter, previews, publicUrl, clock } = options;
  const name = `${repository.owner}/${repository.name}`;
  const want = async (sha: string, statuses: ReturnType<typeof planStatuses>): Promise<void> => {
    for (const status of statuses) await reporter.want({ ...status, repository: name, sha });
  };
  const wantCheck = async (preview: Preview, pageUrl: string): Promise<void> => {
    const about = { repository: name, sha: preview.head, name: FILES_CHECK };
    await reporter.wantCheck({ ...about, ...previewCheck(preview, pageUrl) });
  };
  return {
    planning: async ({ sha, also }) =>
      await want(sha, planningStatuses(null, { also, targetUrl: null, limits })),
    stale: async ({ request, also }) => {
      const { number, head } = request;
      const shown = await previews.newest({ repository: name, number, head: head.sha });
      const pageUrl = shown === null ? null : `${publicUrl()}/previews/${shown.id}`;
      await want(head.sha, planningStatuses(MOVED, { also, targetUrl: pageUrl, limits }));
      if (shown === null) return;
      await previews.outdate(shown.id, MOVED);
      const { html } = limits;
      const marker = previewMarker(repository, number, html);
      const of = { preview: shown, previous: null, pageUrl, stale: MOVED, limits, html };
      const body = previewComment(of);
      await reporter.wantComment({ repository: name, number, marker, body, isProgress: true });
    },
    request: async ({ request, base, outcome, also }) => {
      const previous = await previews.newest({ repository: name, number: request.number });
      const preview = await previews.create({
        ...here(options, { head: request.head.sha, base, outcome }),
        request: {
          number: request.number,
          title: request.title,
          url: request.url,
          author: request.author,
          isDraft: request.isDraft,
        },
      });
      const pageUrl = `${publicUrl()}/previews/${preview.id}`;
      await want(preview.head, planStatuses({ preview, also, targetUrl: pageUrl, limits }));
      await wantCheck(preview, pageUrl);
      const marker = previewMarker(repository, request.number, limits.html);
      const shown = { preview, previous, pageUrl, stale: null, limits, html: limits.html };
      const { number } = request;
      await reporter.wantComment({ repository: name, number, marker, body: previewComment(shown) });
    },
    gone: async (number) => await previews.close({ repository: name, number }, clock.now()),
    group: async (group, outcome) => {
      const preview = await previews.create({
        ...here(options, { head: group.sha, base: '', outcome }),
        request: groupRequest(group),
      });
      const targetUrl = `${publicUrl()}/previews/${preview.id}`;
      await want(group.sha, planStatuses({ preview, also: [], targetUrl, limits }));
      await wantCheck(preview, targetUrl);
    },
    isTold: async (sha) =>
      await reporter.hasFinal({ repository: name, sha, context: PLAN_CONTEXT }),
    compared: async ({ grid, sha, text }) =>
      await want(sha, [
        {
          state: 'success',
          context: gridContext(grid, limits),
          description: text.slice(0, limits.description),
          targetUrl: `${publicUrl()}/grids/${grid}`,
        },
      ]),
    environment: async ({ grid, sha, news, url }) => {
      const targetUrl =
        news.kind === 'succeeded' && url !== null ? url : `${publicUrl()}/grids/${grid}`;
      await want(sha, [environmentStatus({ grid, news, targetUrl, limits })]);
    },
    repeatCheck: async (sha, check) => {
      await reporter.repeatCheck({ repository: name, sha, name: check });
    },
    answer: async ({ number, about, text }) => {
      const marker = hiddenLine(`gridops:answer ${about}`, limits.html);
      await reporter.wantComment({ repository: name, number, marker, body: `${marker}\n${text}` });
    },
  };
}

function here(
  { repository, branch, clock }: PreviewTellerOptions,
  of: { readonly head: string; readonly base: string; readonly outcome: PreviewOutcome },
): Omit<Preview, 'id' | 'request'> {
  return { ...of, branch, repository: `${repository.owner}/${repository.name}`, at: clock.now() };
}

function groupRequest({ ref, number }: MergeGroup): Preview['request'] {
  return { number, title: ref, url: '', author: 'merge queue', isDraft: false };
}
