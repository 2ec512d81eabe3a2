import type { Annotation, Checks } from './forge.ts';
import type { GithubClient } from './github-client.ts';
import { inRepository, printName, requireCreated } from './github-pages.ts';

/** GitHub takes so many in one request; further requests for the same run add to them. */
const BATCH = 50;
/** More of them are of no use to anybody, and each 50 cost a request. */
const MAX_ANNOTATIONS = 300;
const MAX_SUMMARY = 65_535;
const MAX_TITLE = 255;

type Run = Parameters<Checks['put']>[1];

/** For an installation of an App; GitHub takes check runs of nobody else. */
export function githubChecks(client: GithubClient): Checks {
  return {
    put: async (repository, of) => {
      const [first = [], ...rest] = batches(of.annotations);
      let id = await send(client, repository, { ...of, annotations: first });
      for (const annotations of rest)
        id = await send(client, repository, { ...of, id, annotations });
      return id;
    },
  };
}

async function send(
  client: GithubClient,
  repository: Parameters<Checks['put']>[0],
  of: Run,
): Promise<string> {
  const run = {
    ...inRepository(repository),
    name: of.name,
    status: 'completed',
    conclusion: of.conclusion,
    ...(of.detailsUrl === null ? {} : { details_url: of.detailsUrl }),
    output: {
      title: of.title.slice(0, MAX_TITLE),
      summary: of.summary.slice(0, MAX_SUMMARY),
      annotations: of.annotations.map(annotation),
    },
  } as const;
  return await client.call(`check run ${of.name} of ${printName(repository)}`, async (octokit) => {
    if (of.id !== null) {
      await octokit.rest.checks.update({ ...run, check_run_id: Number(of.id) });
      return of.id;
    }
    const { data, status } = await octokit.rest.checks.create({ ...run, head_sha: of.sha });
    requireCreated(status, 'check run');
    return String(data.id);
  });
}

function annotation({ path, line, level, message }: Annotation) {
  return { path, start_line: line, end_line: line, annotation_level: level, message } as const;
}

function batches(annotations: readonly Annotation[]): readonly (readonly Annotation[])[] {
  const kept = annotations.slice(0, MAX_ANNOTATIONS);
  const count = Math.ceil(kept.length / BATCH);
  return Array.from({ length: count }, (_, at) => kept.slice(at * BATCH, (at + 1) * BATCH));
}
