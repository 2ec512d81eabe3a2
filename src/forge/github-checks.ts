import type { Annotation, CheckRun, Checks, RepositoryName } from './forge.ts';
import type { GithubAuth, GithubClient } from './github-client.ts';
import { inRepository, printName, requireCreated } from './github-pages.ts';

/** GitHub takes so many in one request; further requests for the same run add to them. */
const BATCH = 50;
const MAX_SUMMARY = 65_535;
const MAX_TITLE = 255;

/**
 * For an installation of an App; GitHub takes check runs of nobody else. A run is never changed into another: its annotations
 * stay, whatever is said later. Of one name GitHub shows the newest.
 */
export function githubChecks(
  client: GithubClient,
  { appId }: Extract<GithubAuth, { kind: 'app' }>,
): Checks {
  return {
    put: async (repository, run) => {
      const call = `check run ${run.name} of ${printName(repository)}`;
      const found = await client.call(call, async (octokit) => {
        const { data } = await octokit.rest.checks.listForRef({
          ...inRepository(repository),
          ref: run.sha,
          check_name: run.name,
          // A client id is none that GitHub takes here.
          ...(Number.isInteger(Number(appId)) ? { app_id: Number(appId) } : {}),
        });
        return data.check_runs.find(({ external_id: key }) => key === run.key) ?? null;
      });
      return await client.call(call, async (octokit) => {
        const id = found?.id ?? (await create(octokit, repository, run));
        const there = found?.output.annotations_count ?? Math.min(BATCH, run.annotations.length);
        for (let at = there; at < run.annotations.length; at += BATCH)
          await octokit.rest.checks.update({
            ...inRepository(repository),
            check_run_id: id,
            output: output(run, run.annotations.slice(at, at + BATCH)),
          });
        return String(id);
      });
    },
  };
}

type Octokit = Parameters<Parameters<GithubClient['call']>[1]>[0];

async function create(
  octokit: Octokit,
  repository: RepositoryName,
  run: CheckRun,
): Promise<number> {
  const { data, status } = await octokit.rest.checks.create({
    ...inRepository(repository),
    name: run.name,
    head_sha: run.sha,
    external_id: run.key,
    status: 'completed',
    conclusion: run.conclusion,
    ...(run.detailsUrl === null ? {} : { details_url: run.detailsUrl }),
    output: output(run, run.annotations.slice(0, BATCH)),
  });
  requireCreated(status, 'check run');
  return data.id;
}

function output({ title, summary }: CheckRun, annotations: readonly Annotation[]) {
  return {
    title: title.slice(0, MAX_TITLE),
    summary: summary.slice(0, MAX_SUMMARY),
    annotations: annotations.map(annotation),
  };
}

function annotation({ path, line, column, level, title, message }: Annotation) {
  return {
    path,
    start_line: line,
    end_line: line,
    start_column: column,
    end_column: column,
    annotation_level: level,
    title: title.slice(0, MAX_TITLE),
    message,
  } as const;
}
