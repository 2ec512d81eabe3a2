import { ApiError, Recipient, Version } from '../protocol/api.ts';
import { Deploy, DeployList, DeployStarted, DeploySummary } from '../protocol/deploy-api.ts';
import { EventList } from '../protocol/event-api.ts';
import { GridList, GridStatus } from '../protocol/grid-api.ts';
import { InstanceList } from '../protocol/instance-api.ts';
import { JobList, RunRequested } from '../protocol/job-api.ts';
import { NetworkStatus } from '../protocol/network-api.ts';
import { NodeList, NodeStatus } from '../protocol/node-api.ts';
import { CurrentPlan } from '../protocol/plan-api.ts';
import { Preview, PreviewList } from '../protocol/preview-api.ts';
import { RepositoryList } from '../protocol/repository-api.ts';
import { Rollback } from '../protocol/rollback-api.ts';
import { ServiceList } from '../protocol/service-api.ts';
import { Token } from '../protocol/token-api.ts';
import { VariableList } from '../protocol/variable-api.ts';
import { VolumeList } from '../protocol/volume-api.ts';

/** The schemas of replies, by the names that the OpenAPI document has for them. */
export const replies = {
  ApiError,
  Version,
  Recipient,
  GridList,
  RepositoryList,
  GridStatus,
  NodeList,
  NodeStatus,
  ServiceList,
  InstanceList,
  CurrentPlan,
  VariableList,
  DeployList,
  Deploy,
  DeploySummary,
  DeployStarted,
  EventList,
  Token,
  NetworkStatus,
  VolumeList,
  JobList,
  RunRequested,
  PreviewList,
  Preview,
  Rollback,
};

/** Documentation and reply schema of a route: `name` is the reply's, `null` for an empty one. */
export function doc(name: keyof typeof replies | null, summary: string, status = 200) {
  const body = name === null ? { type: 'null', description: 'Done.' } : ref(name, summary);
  return {
    summary,
    response: {
      [status]: body,
      '4xx': ref('ApiError', 'Refused'),
      '5xx': ref('ApiError', 'Failed'),
    },
  };
}

function ref(name: keyof typeof replies, description: string) {
  return { description, $ref: `${name}#` };
}
