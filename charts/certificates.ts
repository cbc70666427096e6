import type { Construct } from 'constructs';
import type { CertificateSource } from '../config/studio-config';
import {
  Certificate,
  CertificateSpecPrivateKeyAlgorithm,
  CertificateSpecPrivateKeyRotationPolicy,
  Issuer,
  type IssuerSpecAcmeSolversHttp01,
} from '../imports/cert-manager.io';
import { objectMeta, type StudioIdentity } from './metadata';

const ISSUER = 'junjo-ai-studio';
const CERTIFICATE = 'junjo-ai-studio-tls';

/** The Secret with the certificate, or nothing when the edge brings its own. */
export function tlsSecretName(certificate: CertificateSource): string | undefined {
  if (certificate.kind === 'elsewhere') return undefined;
  return certificate.kind === 'secret' ? certificate.name : CERTIFICATE;
}

/** Whether cert-manager proves the hosts with solver pods in the namespace. */
export function usesSolver(certificate: CertificateSource): boolean {
  return certificate.kind === 'acme' || certificate.kind === 'clusterIssuer';
}

/** For which hosts, from whom, and proven how. */
export interface CertificatesProps extends StudioIdentity {
  readonly certificate: CertificateSource;
  readonly hosts: readonly string[];
  /** How the ACME server reaches the solver. */
  readonly solver: IssuerSpecAcmeSolversHttp01;
}

/** The certificate for all hosts, and the Issuer where the studio has its own. */
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
          privateKeySecretRef: { name: 'junjo-ai-studio-acme-account' },
          solvers: [{ http01: props.solver }],
        },
      },
    });
  }
  const issuerRef =
    certificate.kind === 'acme' ? { name: ISSUER, kind: 'Issuer' } : { name: certificate.name, kind: 'ClusterIssuer' };
  new Certificate(scope, 'certificate', {
    metadata: objectMeta(props, CERTIFICATE),
    spec: {
      secretName: CERTIFICATE,
      // Written in full: cert-manager 1.19.0 set defaults here and renewed what left them out.
      issuerRef: { ...issuerRef, group: 'cert-manager.io' },
      dnsNames: [...props.hosts],
      privateKey: {
        algorithm: CertificateSpecPrivateKeyAlgorithm.ECDSA,
        size: 256,
        // The default before cert-manager 1.18 kept one key for ever.
        rotationPolicy: CertificateSpecPrivateKeyRotationPolicy.ALWAYS,
      },
      revisionHistoryLimit: 1,
    },
  });
}
