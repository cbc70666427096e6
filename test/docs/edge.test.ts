import { readFileSync } from 'node:fs';
import { gatewayControllers } from '../../config/gateway-controllers';
import { anchorOf } from '../../config/how-to-run';
import { ingressControllers } from '../../config/ingress-controllers';
import { load, production } from '../support/studio';

const text = readFileSync('docs/edge.md', 'utf8');
const question = /^## Which controller do I have.*?(?=^## )/ms.exec(text)?.[0] ?? '';

/** The rows of the tables that turn the answer of a cluster into lines for `.env`. */
const rows = [...question.matchAll(/^\| (.*?) \| (`JUNJO_.*?) \| \[.*\]\(#(.*)\) \|$/gm)].map(
  ([, seen = '', lines = '', anchor = '']) => {
    const settings = [...lines.matchAll(/`(\w+)=([^`]*)`/g)].map(([, name, value]) => [name, value]);
    return { seen, settings: Object.fromEntries(settings), anchor };
  },
);

test('each known controller has a row', () => {
  const controllers = [...Object.values(ingressControllers), ...Object.values(gatewayControllers)];
  expect(rows.length).toBeGreaterThan(controllers.length);
});

test.each(rows)('the lines for $seen choose the controller that the row links to', ({ settings, anchor }) => {
  const { edge } = load(production({ JUNJO_K8S_INGRESS_CLASS: undefined, ...settings }));
  const name = edge?.route.controller?.name;
  const anchors = name ? [anchorOf(name), anchorOf(`${name} as a Gateway`)] : ['other-controllers', 'gateways'];
  expect(anchors).toContain(anchor);
});
