import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { HSTS_SECONDS } from '../../config/edge-needs';
import { KongPlugin } from '../../imports/configuration.konghq.com';
import { objectMeta } from '../metadata';
import {
  type ControllerObjects,
  type ControllerObjectsProps,
  HSTS,
  SOURCE_RANGES,
  webObjects,
} from './controller-objects';

/** HSTS and source ranges. */
class KongPluginsChart extends Chart {
  constructor(scope: Construct, id: string, props: ControllerObjectsProps) {
    super(scope, id);
    new KongPlugin(this, 'hsts', {
      metadata: objectMeta(props, HSTS),
      plugin: 'response-transformer',
      config: { add: { headers: [`Strict-Transport-Security: max-age=${HSTS_SECONDS}`] } },
    });
    if (props.sourceRanges.length > 0) {
      new KongPlugin(this, 'source-ranges', {
        metadata: objectMeta(props, SOURCE_RANGES),
        plugin: 'ip-restriction',
        config: { allow: [...props.sourceRanges] },
      });
    }
  }
}

/** The KongPlugins of Kong. */
export const kong: ControllerObjects = {
  id: '69-kong-plugins',
  chart: KongPluginsChart,
  web: (props) => ({ 'konghq.com/plugins': webObjects(props).join(',') }),
};
