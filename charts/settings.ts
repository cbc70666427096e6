import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { workloadNames } from '../config/names';
import { type Component, components, type PerComponent } from '../releases';
import { objectMeta, type StudioIdentity } from './metadata';

type Settings = Readonly<Record<string, string>>;

/** The ConfigMap with what one container reads of the env file. */
export function settingsName(component: Component): string {
  return `${workloadNames[component]}-settings`;
}

/** The ConfigMap with the file with the address of the API for browsers. */
export const frontendConfigName = `${workloadNames.frontend}-config`;

/** The one key of that ConfigMap, whatever the image calls the file. */
export const FRONTEND_CONFIG_KEY = 'config.js';

/** The frontend's `config.js`, in the one line that its image would write itself. */
export function frontendConfig(apiUrl: string): Settings {
  return { [FRONTEND_CONFIG_KEY]: `window.runtimeConfig = { API_HOST: ${JSON.stringify(apiUrl)} };\n` };
}

/** The settings of all containers, and the frontend's own file. */
export interface SettingsChartProps extends StudioIdentity {
  readonly settings: PerComponent<Settings>;
  /** Address at which browsers call the API, which the frontend sends them. */
  readonly apiUrl: string;
}

/** One ConfigMap per container, each with just what that container reads. */
export class SettingsChart extends Chart {
  constructor(scope: Construct, id: string, props: SettingsChartProps) {
    super(scope, id);
    for (const component of components.filter((each) => props.settings[each])) {
      new k8s.KubeConfigMap(this, component, {
        metadata: objectMeta(props, settingsName(component), component),
        data: props.settings[component],
      });
    }
    if (!props.settings.frontend) return;
    new k8s.KubeConfigMap(this, 'frontend-config', {
      metadata: objectMeta(props, frontendConfigName, 'frontend'),
      data: frontendConfig(props.apiUrl),
    });
  }
}
