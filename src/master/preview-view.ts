import type * as model from '../model/preview.ts';
import { gridVerdict, previewVerdict } from '../model/preview-verdict.ts';
import { shownProblem } from '../model/problem-code.ts';
import type { Preview, PreviewSummary } from '../protocol/preview-api.ts';
import type { PreviewStanding } from '../store/previews.ts';

/** A preview as it is shown: with what it comes to, and where its problems are explained. */
export function previewView(preview: model.Preview, standing: PreviewStanding): Preview {
  return { ...previewSummary(preview), ...standing, outcome: outcomeView(preview.outcome) };
}

export function previewSummary(preview: model.Preview): PreviewSummary {
  const { id, repository, request, head, base, branch, at } = preview;
  return { id, repository, request, head, base, branch, at, verdict: previewVerdict(preview) };
}

function outcomeView(outcome: model.PreviewOutcome): Preview['outcome'] {
  if (outcome.kind !== 'planned') return outcome;
  const grids = outcome.grids.map((grid) => ({
    ...grid,
    verdict: gridVerdict(grid),
    problems: grid.problems.map((problem) => shownProblem(problem, null)),
  }));
  return { kind: 'planned', grids };
}
