import type { ForgeLimits, RepositoryName } from '../forge/forge.ts';
import { planStatuses } from '../forge/plan-status.ts';
import { previewComment, previewMarker } from '../forge/preview-comment.ts';
import type { Reporter } from '../forge/reporter.ts';
import type { Preview } from '../model/preview.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Previews } from '../store/previews.ts';
import type { PreviewTeller } from './pull-request-desk.ts';
