import { type ApiObjectMetadata, Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import type { SecretSource } from '../config/studio-config';
import { SealedSecret } from '../imports/bitnami.com';
import {
  ExternalSecret,
  ExternalSecretSpecDataRemoteRefConversionStrategy,
  ExternalSecretSpecDataRemoteRefDecodingStrategy,
  ExternalSecretSpecDataRemoteRefMetadataPolicy,
  ExternalSecretSpecSecretStoreRefKind,
  ExternalSecretSpecTargetCreationPolicy,
  ExternalSecretSpecTargetDeletionPolicy,
  ExternalSecretSpecTargetTemplateEngineVersion,
  ExternalSecretSpecTargetTemplateMergePolicy,
} from '../imports/external-secrets.io';
import { annotated, type ExtraProps, objectMeta, type StudioIdentity } from './metadata';

type Source<Kind> = Extract<SecretSource, { kind: Kind }>;

/** The Secret that the pods read, and where its values come from. */
export interface SecretsChartProps<Kind> extends StudioIdentity {
  /** Name of the Secret that the pods read. */
  readonly secretName: string;
  readonly source: Source<Kind>;
}

/** The Secret, alone in its file. */
export class SecretsChart extends Chart {
  constructor(scope: Construct, id: string, props: SecretsChartProps<'manifest'>) {
    super(scope, id);
    const encoded = Object.entries(props.source.values).map(([key, value]) => [
      key,
      Buffer.from(value).toString('base64'),
    ]);
    new k8s.KubeSecret(this, 'secret', {
      metadata: objectMeta(props, props.secretName),
      type: 'Opaque',
      // Not stringData: the API server turns it into data, and every later apply would show a change.
      data: Object.fromEntries(encoded),
    });
  }
}

/** The Secret that the controller creates gets the operator's labels and annotations, too. */
export interface SealedSecretsChartProps extends SecretsChartProps<'sealed'>, ExtraProps {}

/** The secrets, encrypted for the sealed-secrets controller of one cluster. */
export class SealedSecretsChart extends Chart {
  constructor(scope: Construct, id: string, props: SealedSecretsChartProps) {
    super(scope, id);
    const { scope: sealingScope, ciphertexts } = props.source;
    const { labels, ...meta } = objectMeta(props, props.secretName);
    const metadata: ApiObjectMetadata = annotated(
      { ...meta, labels: { ...props.extra.labels, ...labels } },
      {
        ...props.extra.annotations,
        ...(sealingScope !== 'strict' && { [`sealedsecrets.bitnami.com/${sealingScope}`]: 'true' }),
      },
    );
    new SealedSecret(this, 'sealed-secret', {
      // The controller takes the scope from here; the template's annotation only marks the Secret.
      metadata,
      spec: { encryptedData: { ...ciphertexts }, template: { type: 'Opaque', metadata } },
    });
  }
}

/** The Secret that the operator creates gets the user's labels and annotations, too. */
export interface ExternalSecretsChartProps extends SecretsChartProps<'external'>, ExtraProps {}

/** The secrets, fetched by External Secrets Operator. */
export class ExternalSecretsChart extends Chart {
  constructor(scope: Construct, id: string, props: ExternalSecretsChartProps) {
    super(scope, id);
    const { store, remoteKey, keys } = props.source;
    const metadata = objectMeta(props, props.secretName);
    new ExternalSecret(this, 'external-secret', {
      metadata,
      spec: {
        refreshInterval: '1h0m0s',
        secretStoreRef: {
          name: store.name,
          kind:
            store.kind === 'SecretStore'
              ? ExternalSecretSpecSecretStoreRefKind.SECRET_STORE
              : ExternalSecretSpecSecretStoreRefKind.CLUSTER_SECRET_STORE,
        },
        target: {
          name: props.secretName,
          creationPolicy: ExternalSecretSpecTargetCreationPolicy.OWNER,
          deletionPolicy: ExternalSecretSpecTargetDeletionPolicy.RETAIN,
          // Without it the Secret gets every annotation of this object, that of `kubectl apply` included, by which
          // `kubectl apply --prune` takes it for something that the files no longer have.
          template: {
            type: 'Opaque',
            engineVersion: ExternalSecretSpecTargetTemplateEngineVersion.V2,
            mergePolicy: ExternalSecretSpecTargetTemplateMergePolicy.REPLACE,
            metadata: annotated(
              { labels: { ...props.extra.labels, ...metadata.labels } },
              literally(props.extra.annotations),
            ),
          },
        },
        data: keys.map((key) => ({
          secretKey: key,
          // The defaults of the CRD inside the list are written out: an apply replaces the whole list, and would show a change.
          remoteRef: {
            key: remoteKey,
            property: key,
            conversionStrategy: ExternalSecretSpecDataRemoteRefConversionStrategy.DEFAULT,
            decodingStrategy: ExternalSecretSpecDataRemoteRefDecodingStrategy.NONE,
            metadataPolicy: ExternalSecretSpecDataRemoteRefMetadataPolicy.NONE,
          },
        })),
      },
    });
  }
}

/** Texts in which External Secrets Operator finds nothing to fill in. */
function literally(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, text.replaceAll('{{', '{{ "{{" }}')]));
}
