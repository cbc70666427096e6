import type { IngressController } from '../../config/ingress-controllers/ingress-controller';
import type { ControllerObjects } from './controller-objects';
import { kong } from './kong';
import { traefik } from './traefik';

const controllerObjects: Readonly<Record<NonNullable<IngressController['objects']>, ControllerObjects>> = {
  kong,
  traefik,
};

/** The objects that a controller needs beside Ingresses, where it needs any. */
export function objectsOf(controller: IngressController | undefined): ControllerObjects | undefined {
  return controller?.objects && controllerObjects[controller.objects];
}
