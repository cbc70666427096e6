import { awsLoadBalancer } from './aws-load-balancer';
import { caddy } from './caddy';
import { contour } from './contour';
import { f5Nginx } from './f5-nginx';
import { haproxy } from './haproxy';
import type { IngressController } from './ingress-controller';
import { ingressNginx } from './ingress-nginx';
import { kong } from './kong';
import { traefik } from './traefik';

/** Every controller that gets what it needs beyond a plain Ingress, by its name in `JUNJO_K8S_INGRESS_CONTROLLER`. */
export const ingressControllers: Readonly<Record<string, IngressController>> = {
  traefik,
  haproxy,
  contour,
  kong,
  alb: awsLoadBalancer,
  'f5-nginx': f5Nginx,
  'ingress-nginx': ingressNginx,
  caddy,
};
