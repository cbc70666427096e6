import { type Component, perComponent, type ReleaseLine } from '../../releases';
import { internalServiceNames, qdrantName } from '../names';
import type { Qdrant, Secrets, StudioConfig } from '../studio-config';
import type { Values } from '../values';
import type { Variable } from '../variables';
import { proxyExceptions } from './proxy';
import { type Addresses, uiOrigin } from './web';

/** What each container reads of the env file apart from secrets, under the names that the container knows. */
export function settingsOf(
  values: Values,
  table: readonly Variable[],
  line: ReleaseLine,
  addresses: Addresses,
  secrets: Secrets,
): StudioConfig['settings'] {
  const origin = uiOrigin(values, addresses, line);
  const settings = perComponent(line, (component) => {
    const read = table.filter(
      ({ readers, secret, setByManifests }) => readers?.includes(component) && !secret && !setByManifests,
    );
    const pairs = read.flatMap((variable) => {
      const text = settingOf(values, component, variable, origin);
      return text === undefined ? [] : [[variable.nameInContainer ?? variable.name, text] as const];
    });
    return Object.fromEntries(pairs);
  });
  return { ...settings, backend: { ...settings.backend, ...proxyExceptions(values, secrets) } };
}

function settingOf(
  values: Values,
  component: Component,
  { name, wordsOf }: Variable,
  origin: string | undefined,
): string | undefined {
  const value = values.textInEffect(name) ?? (name === 'JUNJO_ALLOW_ORIGINS' ? origin : undefined);
  return (value && wordsOf?.[component]?.[value]) ?? value;
}

/** What compose sets beside the env file: the way between backend and ingestion, and what the line fixes. */
export function fixedEnvironmentOf(
  line: ReleaseLine,
  qdrant: Qdrant | undefined,
  sourcePath: string | undefined,
): StudioConfig['fixedEnvironment'] {
  const ofTools = sourcePath === undefined ? undefined : line.hotReload;
  return {
    backend: {
      INGESTION_HOST: internalServiceNames.ingestion,
      INGESTION_PORT: String(line.ports.ingestion.internalGrpc),
      ...(line.fewerReaders?.RUN_MIGRATIONS?.length !== 0 && { RUN_MIGRATIONS: 'true' }),
      ...(qdrant && { QDRANT_URL: `http://${qdrantName}:6333` }),
      ...line.environment.backend,
      ...ofTools?.backend.environment,
    },
    ingestion: {
      BACKEND_GRPC_HOST: internalServiceNames.backend,
      BACKEND_GRPC_PORT: String(line.ports.backend.internalGrpc),
      ...line.environment.ingestion,
      ...ofTools?.ingestion.environment,
    },
    ...(line.environment.frontend && {
      frontend: { ...line.environment.frontend, ...ofTools?.frontend?.environment },
    }),
  };
}
