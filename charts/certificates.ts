import type { Construct } from 'constructs';
import { tlsSecretNames } from '../config/names';
import type { CertificateSource, Placement, SpansCertificate } from '../config/studio-config';
import {
  Certificate,
  CertificateSpecPrivateKeyAlgorithm,
  CertificateSpecPrivateKeyRotationPolicy,
  Issuer,
  type IssuerSpecAcmeSolversHttp01,
  type IssuerSpecAcmeSolversHttp01IngressPodTemplate,
} from '../imports/cert-manager.io';
import { type ExtraProps, extraMeta, objectMeta, type StudioIdentity } from './metadata';
import { schedulingFields } from './pod/placement';

const ISSUER = 'junjo-ai-studio';

/** A source from which cert-manager issues certificates. */
type Issued = Extract<CertificateSource, { kind: 'acme' | 'clusterIssuer' }>;

/** The Secret with the certificate of the edge, or nothing when the edge brings its own. */
export function tlsSecretName(certificate: CertificateSource): string | undefined {
  if (certificate.kind === 'elsewhere') return undefined;
  return certificate.kind === 'secret' ? certificate.name : tlsSecretNames.edge;
}

/** The Secret with the certificate for TLS in the pod of ingestion. */
export function spansTlsSecretName(certificate: SpansCertificate): string {
  return certificate.kind === 'secret' ? certificate.name : tlsSecretNames.spans;
}

/** Whether cert-manager may run solver pods in the namespace for HTTP-01 challenges. */
export function usesSolver(certificate: CertificateSource): boolean {
  return certificate.kind === 'acme' || certificate.kind === 'clusterIssuer';
}

/** What solver pods share with the pods of the studio. */
export interface SolverPodsProps extends ExtraProps {
  readonly placement: Placement;
}

/** The template of solver pods: a cluster may require labels of every pod, and the nodes of the studio may have taints. */
export function solverPods({ extra, placement }: SolverPodsProps): {
  readonly podTemplate?: IssuerSpecAcmeSolversHttp01IngressPodTemplate;
} {
  const [metadata, spec] = [extraMeta(extra), schedulingFields(placement)];
  const podTemplate = { ...(metadata && { metadata }), ...(Object.keys(spec).length > 0 && { spec }) };
  return Object.keys(podTemplate).length > 0 ? { podTemplate } : {};
}

/** The hosts, the issuer, and the solver of a certificate. */
export interface CertificatesProps extends StudioIdentity, ExtraProps {
  readonly certificate: CertificateSource;
  readonly hosts: readonly string[];
  /** How the ACME server reaches the solver. */
  readonly solver: IssuerSpecAcmeSolversHttp01;
}

/** The certificate for the hosts at the edge, and the Issuer where the studio has its own. */
export function addCertificates(scope: Construct, props: CertificatesProps): void {
  const { certificate } = props;
  if (certificate.kind === 'secret' || certificate.kind === 'elsewhere') return;
  if (certificate.kind === 'acme') {
    new Issuer(scope, 'issuer', {
      metadata: objectMeta(props, ISSUER),
      spec: {
        acme: {
          server: certificate.server,
          ...(certificate.email && { email: certificate.email }),
          privateKeySecretRef: { name: tlsSecretNames.acmeAccount },
          solvers: [{ http01: props.solver }],
        },
      },
    });
  }
  addCertificate(scope, 'certificate', { ...props, name: tlsSecretNames.edge, by: certificate });
}

/** The host at which TLS ends in the pod of ingestion, and the certificate for it. */
export interface SpansCertificateProps extends StudioIdentity, ExtraProps {
  readonly certificate: SpansCertificate;
  readonly host: string;
}

/** A separate certificate for that host: if its challenge fails, UI and API still get theirs. */
export function addSpansCertificate(scope: Construct, { certificate, host, ...identity }: SpansCertificateProps): void {
  if (certificate.kind === 'secret') return;
  const { by } = certificate;
  addCertificate(scope, 'spans-certificate', { ...identity, hosts: [host], name: tlsSecretNames.spans, by });
}

interface IssuedCertificate extends StudioIdentity, ExtraProps {
  /** Of the Certificate, and of the Secret that it becomes. */
  readonly name: string;
  readonly hosts: readonly string[];
  readonly by: Issued;
}

function addCertificate(
  scope: Construct,
  id: string,
  { name, hosts, by, extra, ...identity }: IssuedCertificate,
): void {
  const secretTemplate = extraMeta(extra);
  const issuer = by.kind === 'acme' ? { name: ISSUER, kind: 'Issuer' } : { name: by.name, kind: 'ClusterIssuer' };
  new Certificate(scope, id, {
    metadata: objectMeta(identity, name),
    spec: {
      secretName: name,
      ...(secretTemplate && { secretTemplate }),
      // Written in full: cert-manager 1.19.0 added defaults here, and renewed every certificate that did not name them.
      issuerRef: { ...issuer, group: 'cert-manager.io' },
      dnsNames: [...hosts],
      privateKey: {
        algorithm: CertificateSpecPrivateKeyAlgorithm.ECDSA,
        size: 256,
        // The default before cert-manager 1.18 never changed the key.
        rotationPolicy: CertificateSpecPrivateKeyRotationPolicy.ALWAYS,
      },
      revisionHistoryLimit: 1,
    },
  });
}
