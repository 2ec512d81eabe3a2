import Type from 'typebox';
import { ContainerExtras } from './extras-shape.ts';
import { Hook, MAX_HOOKS } from './hook-shape.ts';
import { Mount } from './mount-shape.ts';
import { instanceId, list, Name, nullable, Port, record, text } from './schema-parts.ts';

export const ContainerSpec = Type.Object({
  image: text(1_024),
  command: nullable(list(text(131_072))),
  entrypoint: nullable(list(text(131_072))),
  env: record,
  user: nullable(text(255)),
  ports: list(
    Type.Object({
      ip: nullable(text(64)),
      nodePort: Port,
      containerPort: Port,
      protocol: Type.Union([Type.Literal('tcp'), Type.Literal('udp'), Type.Literal('sctp')]),
    }),
  ),
  mounts: list(Mount),
  volumesFrom: Type.Optional(
    list(
      Type.Object({
        service: Name,
        number: nullable(instanceId.number),
        readOnly: Type.Boolean(),
      }),
    ),
  ),
  networkMode: Type.Union([Type.Literal('bridge'), Type.Literal('host'), Type.Literal('none')]),
  hostPid: Type.Boolean(),
  privileged: Type.Boolean(),
  readOnly: Type.Boolean(),
  capAdd: list(text(64)),
  capDrop: list(text(64)),
  memory: nullable(Type.Integer()),
  memorySwap: nullable(Type.Integer()),
  shmSize: nullable(Type.Integer()),
  cpus: nullable(Type.Number()),
  cpuShares: nullable(Type.Integer()),
  stopSignal: nullable(text(32)),
  stopGracePeriod: Type.Number({ minimum: 0 }),
  logging: nullable(Type.Object({ driver: text(255), options: record })),
  waitForPort: nullable(Port),
  healthCheck: nullable(
    Type.Object({
      protocol: Type.Union([Type.Literal('http'), Type.Literal('tcp')]),
      port: Port,
      uri: text(4_096),
      timeout: Type.Number(),
      interval: Type.Number(),
      initialDelay: Type.Number(),
      retries: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    }),
  ),
  labels: record,
  extras: Type.Optional(ContainerExtras),
  hooks: Type.Optional(list(Hook, MAX_HOOKS)),
});
