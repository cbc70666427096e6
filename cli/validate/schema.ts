/**
 * What a field may hold: the keywords of OpenAPI that the definitions of Kubernetes and of custom resources use.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation
 */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  /** Name of a definition, which may differ between versions of Kubernetes. */
  readonly $ref?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  /** `quantity` is one of ours: text or a number, as in `resources`. Others are those of OpenAPI; unknown ones hold for everything. */
  readonly format?: string;
  /** What the API server fills in before it validates. */
  readonly default?: unknown;

  readonly properties?: Readonly<Record<string, Schema>>;
  /** `false` where every field is known; a schema where the keys are free. @default free */
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly maxProperties?: number;

  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;

  readonly pattern?: string;
  /** In characters, as `maxLength`. */
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;

  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;

  readonly 'x-kubernetes-int-or-string'?: boolean;
  /** Keys that no property names are kept, whatever `additionalProperties` says. */
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}
