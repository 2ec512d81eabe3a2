import type { Service } from '../model/grid.ts';
import type { Catalogue } from './catalogue.ts';
import type { HostNode } from './host-nodes.ts';
import type { ObservedIndex, Sighting } from './index-observed.ts';
import type { Due, Entry } from './ledger.ts';
import { orphansOf } from './orphans.ts';
import { type PlaceContext, rosterContext } from './place.ts';
import { requestFor } from './request.ts';
import { isSelfContained, type Survey, surveyService } from './survey.ts';
import { sharesVolumes, volumeWarnings } from './volume-warnings.ts';

interface Remembered {
  readonly sightings: readonly Sighting[];
  readonly hosts: readonly HostNode[];
  readonly survey: Survey;
  readonly isSelfContained: boolean;
}

export interface Scene {
  readonly catalogue: Catalogue;
  readonly index: ObservedIndex;
  readonly context: PlaceContext;
}

const nowhere: readonly Sighting[] = [];

/** Makes the entries of stacks, and remembers of each service what it said while nothing that it went by has changed. */
export class Surveyor {
  #surveys = new WeakMap<Service, Remembered>();

  forget(): void {
    this.#surveys = new WeakMap();
  }

  entryOf(stack: string, scene: Scene): Entry {
    const seen = scene.index.ofStack(stack);
    const services = scene.catalogue.shelf(stack)?.services ?? [];
    const due: Due[] = [];
    const warnings: string[] = [];
    const { isVisiting } = scene.context;
    let [wanted, isOfNodes, isOfOthers] = [0, false, isVisiting];
    for (const service of services) {
      const sightings = seen.get(service.name) ?? nowhere;
      const { survey, ...remembered } = this.#survey(service, sightings, scene.context);
      wanted += survey.wanted;
      warnings.push(...survey.warnings);
      // What the grid's own stacks take may leave no room for it any more.
      if (isVisiting || !survey.settled) due.push({ service, sightings });
      else warnings.push(...volumeWarnings(service, { ...scene, sightings, steps: [] }));
      isOfNodes ||= service.strategy === 'daemon' || sharesVolumes(service);
      isOfOthers ||= !remembered.isSelfContained;
    }
    return { wanted, due, orphans: orphansOf(stack, scene), warnings, isOfNodes, isOfOthers };
  }

  #survey(service: Service, sightings: readonly Sighting[], context: PlaceContext): Remembered {
    const { hosts } = context.occupancy;
    const known = this.#surveys.get(service);
    const holds =
      known?.isSelfContained === true &&
      known.sightings === sightings &&
      (service.strategy !== 'daemon' || known.hosts === hosts);
    if (holds) return known;
    const survey = surveyService(service, sightings, rosterContext(service, context));
    const isAlone = isSelfContained(service, requestFor(service, 1, context));
    const remembered = { sightings, hosts, survey, isSelfContained: isAlone };
    this.#surveys.set(service, remembered);
    return remembered;
  }
}
