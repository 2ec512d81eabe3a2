import type { ContainerExtras, LinkAlias } from '../model/extras.ts';
import { present } from '../model/present.ts';
import type { Mount } from '../model/spec.ts';
import { readDevices } from './devices.ts';
import { readEngineCheck } from './engine-check.ts';
import { readLimits } from './limits.ts';
import { readNetworking } from './networking.ts';
import { readProcess } from './process.ts';
import type { Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { readTmpfs } from './tmpfs.ts';

export interface ExtrasContext {
  /** Names that `links` and `external_links` give to other services. */
  readonly links: readonly LinkAlias[];
  /** Names that it answers to beyond its own. */
  readonly names: readonly string[];
  readonly mounts: readonly Mount[];
}

/** What few services ask of Docker; nothing at all when this one does not. */
export function readExtras(
  section: Section<ServiceEntry>,
  { links, names, mounts }: ExtrasContext,
): { readonly extras?: ContainerExtras } {
  const extras = present({
    ...readProcess(section),
    ...readNetworking(section, { links, names }),
    ...readDevices(section),
    tmpfs: readTmpfs(section, mounts),
    ...readLimits(section),
    healthcheck: readEngineCheck(section),
  });
  return Object.keys(extras).length === 0 ? {} : { extras };
}
