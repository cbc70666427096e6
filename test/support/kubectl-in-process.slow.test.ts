import { newOwner } from '../../cluster/copy/owner';
import { volumePod } from '../../cluster/copy/volume-pod';
import { Kubectl, KubectlError } from '../../cluster/kubectl';
import { COPY_POD } from '../../config/names';
import { atStep, type Fault, unavailable } from './fake-cluster/faults';
import { kubectlInProcess } from './kubectl-in-process';
import { LiveStudio } from './live-studio';
import { describeWith } from './programs';

// The real kubectl waits a second for what never answers.
jest.setTimeout(600_000);

const calls: readonly (readonly [verb: string, ...args: string[]])[] = [
  ['get', 'deployments', '--output=json'],
  ['get', 'pod', COPY_POD, '--output=json'],
  ['get', 'applications.argoproj.io', '--all-namespaces', '--output=json'],
  ['patch', 'deployment', 'junjo-ai-studio-backend', '--type=merge', '--patch={"metadata":{"labels":{"a":"b"}}}'],
  ['annotate', 'persistentvolumeclaim', 'junjo-ai-studio-data', '--overwrite', 'a=b'],
  ['create', '--validate=false', '-f', '-'],
  ['delete', '--raw', `/api/v1/namespaces/junjo/pods/${COPY_POD}`, '-f', '-'],
];
// A read whose connection breaks is sent again by the real one, if that is in time.
const onReads: readonly Fault[] = [unavailable, { kind: 'hang' }];
const onWrites: readonly Fault[] = [...onReads, { kind: 'reset' }, { kind: 'lost answer' }];

describeWith(['kubectl'], 'the kubectl of this process fails as the real one does', () => {
  let studio: LiveStudio;

  beforeEach(async () => {
    studio = await LiveStudio.start();
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await studio.close();
  });

  test.each(calls)('%s %s', async (...args) => {
    const { cluster, namespace } = studio;
    const kubectl = new Kubectl({ environment: cluster.environment, namespace, requestTimeout: 1 });
    const pod = volumePod({
      backend: studio.deployment('backend'),
      claim: 'junjo-ai-studio-data',
      owner: newOwner('backup'),
    });

    /** How the call ends while the request of that number fails. */
    const outcome = async (step: number, fault?: Fault) => {
      await kubectl.text(['delete', 'pod', COPY_POD, '--ignore-not-found']);
      if (args[0] !== 'create') await kubectl.text(['create', '-f', '-'], { input: JSON.stringify(pod) });
      cluster.requests.length = 0;
      if (fault) cluster.faults.add(atStep(step, fault));
      const error = await kubectl.text(args, { input: JSON.stringify(pod) }).catch((reason: KubectlError) => reason);
      cluster.faults.clear();
      if (!(error instanceof KubectlError)) return 'done';
      const { failure, answered, words } = error;
      // Where nothing was answered, the words name the address of the server and what kubectl was about to do.
      return { failure, answered, words: answered && words };
    };
    const outcomes = async () => {
      expect(await outcome(0)).toBe('done');
      const methods = cluster.requests.slice(0, 2).map(({ method }) => method);
      const found = [];
      for (const [step, method] of methods.entries()) {
        for (const fault of method === 'GET' ? onReads : onWrites) {
          found.push([method, fault.kind, await outcome(step, fault)]);
        }
      }
      return found;
    };

    const real = await outcomes();
    kubectlInProcess(cluster);
    expect(await outcomes()).toEqual(real);
    expect(real.every(([, , ended]) => ended !== 'done')).toBe(true);
  });
});
