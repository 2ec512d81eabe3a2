import { repositoryOf } from '../access.ts';
import { validationFailed } from '../refusal.ts';
import { nodeId, repositoryUrl } from '../shapes.ts';
import type { Call, Label, Reply, Routes } from '../world.ts';

export const labelRoutes: Routes = { 'issues/create-label': createLabel };

type NewLabel = Pick<Label, 'name'> & Partial<Pick<Label, 'color' | 'description'>>;

function createLabel(call: Call): Reply {
  const { world, body } = call;
  const repository = repositoryOf(call, { scope: 'issues', level: 'write' });
  const { name, color = 'ededed', description = null } = body as unknown as NewLabel;
  const label: Label = { id: world.nextId(), name, color, description };
  if (repository.labels.some((known) => known.name.toLowerCase() === name.toLowerCase())) {
    throw validationFailed(call.operation, [
      { resource: 'Label', code: 'already_exists', field: 'name' },
    ]);
  }
  repository.labels.push(label);
  const url = `${repositoryUrl(world, repository)}/labels/${encodeURIComponent(name)}`;
  const shape = { ...label, node_id: nodeId('Label', label.id), url, default: false };
  return { status: 201, body: shape, headers: { location: url } };
}
