import type { Fault } from './report.ts';
import { type MapNode, type TreeNode, valueAt } from './tree.ts';

/** What runs in place of Kontena's load balancer, which asks an etcd that nobody has here. */
const ownImage = 'gridops/lb:latest';

const own = /(?:^|\/)gridops\/lb(?:[:@]|$)/;
const kontenas = /(?:^|\/)kontena\/lb(?:[:@]|$)/;

/** Whether a service, with its environment as one map, is a load balancer: by its image, or because it says so (kontena.md 6.2). */
export function isBalancer(service: MapNode): boolean {
  const image = textOf(valueAt(service, 'image'));
  const environment = valueAt(service, 'environment');
  const role = environment === null ? null : valueAt(environment, 'KONTENA_SERVICE_ROLE');
  return own.test(image) || kontenas.test(image) || textOf(role) === 'lb';
}

export function replacedImage(image: string): string | null {
  return kontenas.test(image) ? ownImage : null;
}

export function replacedFault(): Fault {
  return {
    code: 'image-replaced',
    message: `"kontena/lb" asks an etcd that is not here: ${ownImage} runs in its place`,
    hint: `Write "image: ${ownImage}", or the name under which your registry has it.`,
  };
}

function textOf(node: TreeNode | null): string {
  return node?.kind === 'scalar' ? node.text : '';
}
