/** A kind that the API server serves. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly subresources?: readonly string[];
}

const kind = (group: string, version: string, namespaced: boolean, plurals: Readonly<Record<string, string>>) =>
  Object.entries(plurals).map(([name, plural]): Resource => ({ group, version, kind: name, plural, namespaced }));

/** What every cluster serves, as far as a studio is concerned. */
export const builtIn: readonly Resource[] = [
  ...kind('', 'v1', false, { Namespace: 'namespaces', Node: 'nodes', PersistentVolume: 'persistentvolumes' }),
  ...kind('', 'v1', true, {
    ConfigMap: 'configmaps',
    Event: 'events',
    LimitRange: 'limitranges',
    PersistentVolumeClaim: 'persistentvolumeclaims',
    ResourceQuota: 'resourcequotas',
    Secret: 'secrets',
    Service: 'services',
    ServiceAccount: 'serviceaccounts',
  }),
  {
    ...kind('', 'v1', true, { Pod: 'pods' })[0],
    shortNames: ['po'],
    subresources: ['status', 'log', 'exec'],
  } as Resource,
  ...kind('apps', 'v1', true, { DaemonSet: 'daemonsets', ReplicaSet: 'replicasets', StatefulSet: 'statefulsets' }),
  {
    ...kind('apps', 'v1', true, { Deployment: 'deployments' })[0],
    shortNames: ['deploy'],
    subresources: ['status', 'scale'],
  } as Resource,
  ...kind('batch', 'v1', true, { CronJob: 'cronjobs', Job: 'jobs' }),
  ...kind('networking.k8s.io', 'v1', true, { Ingress: 'ingresses', NetworkPolicy: 'networkpolicies' }),
  ...kind('networking.k8s.io', 'v1', false, { IngressClass: 'ingressclasses' }),
  ...kind('rbac.authorization.k8s.io', 'v1', true, { RoleBinding: 'rolebindings' }),
  ...kind('rbac.authorization.k8s.io', 'v1', false, { ClusterRoleBinding: 'clusterrolebindings' }),
  ...kind('admissionregistration.k8s.io', 'v1', false, {
    MutatingWebhookConfiguration: 'mutatingwebhookconfigurations',
    ValidatingWebhookConfiguration: 'validatingwebhookconfigurations',
  }),
  ...kind('scheduling.k8s.io', 'v1', false, { PriorityClass: 'priorityclasses' }),
  ...kind('policy', 'v1', true, { PodDisruptionBudget: 'poddisruptionbudgets' }),
  ...kind('storage.k8s.io', 'v1', false, {
    CSIDriver: 'csidrivers',
    CSINode: 'csinodes',
    StorageClass: 'storageclasses',
    VolumeAttachment: 'volumeattachments',
  }),
  ...kind('scheduling.k8s.io', 'v1', false, { PriorityClass: 'priorityclasses' }),
  ...kind('discovery.k8s.io', 'v1', true, { EndpointSlice: 'endpointslices' }),
  ...kind('apiextensions.k8s.io', 'v1', false, { CustomResourceDefinition: 'customresourcedefinitions' }),
  ...kind('authorization.k8s.io', 'v1', false, { SelfSubjectAccessReview: 'selfsubjectaccessreviews' }),
];

/** The kind with which Argo CD applies a studio; a cluster has it only where Argo CD is installed. */
export const argoCdApplication: Resource = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  kind: 'Application',
  plural: 'applications',
  namespaced: true,
};

/** The kind with which Flux applies a studio; a cluster has it only where Flux is installed. */
export const fluxKustomization: Resource = {
  group: 'kustomize.toolkit.fluxcd.io',
  version: 'v1',
  kind: 'Kustomization',
  plural: 'kustomizations',
  namespaced: true,
};

/** A resource in discovery, the older form that lists one group and version. */
export function apiResources(resources: readonly Resource[]): object[] {
  const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
  return resources.flatMap(({ kind: name, plural, namespaced, shortNames, subresources = [] }) => [
    { name: plural, singularName: name.toLowerCase(), namespaced, kind: name, verbs, shortNames },
    ...subresources.map((sub) => ({ name: `${plural}/${sub}`, singularName: '', namespaced, kind: name, verbs })),
  ]);
}

/** Groups with their versions, without the core group. */
export function apiGroups(resources: readonly Resource[]): object[] {
  const names = [...new Set(resources.map(({ group }) => group))].filter((group) => group !== '');
  return names.map((name) => {
    const versions = [...new Set(resources.filter(({ group }) => group === name).map(({ version }) => version))].map(
      (version) => ({ groupVersion: `${name}/${version}`, version }),
    );
    return { name, versions, preferredVersion: versions[0] };
  });
}

/** The newer form of discovery, which tells of all groups at once: APIGroupDiscoveryList. */
export function aggregatedGroups(resources: readonly Resource[]): object[] {
  const groups = grouped(resources, ({ group }) => group);
  return [...groups].map(([name, ofGroup]) => ({
    metadata: { name },
    versions: [...grouped(ofGroup, ({ version }) => version)].map(([version, ofVersion]) => ({
      version,
      freshness: 'Current',
      resources: ofVersion.map((resource) => ({
        resource: resource.plural,
        responseKind: { group: name, version, kind: resource.kind },
        scope: resource.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: resource.kind.toLowerCase(),
        shortNames: resource.shortNames,
        verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
      })),
    })),
  }));
}

/** Enough of OpenAPI for kubectl to see that the server itself validates fields and knows a dry run. */
export function openApi(resources: readonly Resource[]): object {
  const parameters = ['dryRun', 'fieldValidation', 'fieldManager', 'force'].map((name) => {
    return { name, in: 'query', schema: { type: 'string' } };
  });
  const paths = resources.map(({ group, version, kind: name, plural, namespaced }) => {
    const operation = { parameters, 'x-kubernetes-group-version-kind': { group, version, kind: name } };
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const path = `${root}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}`;
    return [path, { patch: operation, post: operation, put: operation }];
  });
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.35.0' }, paths: Object.fromEntries(paths) };
}

/** Elements by what they have in common. */
export function grouped<T>(elements: readonly T[], keyOf: (element: T) => string): ReadonlyMap<string, readonly T[]> {
  return new Map(elements.map(keyOf).map((key) => [key, elements.filter((element) => keyOf(element) === key)]));
}
