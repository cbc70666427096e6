/**
 * What a field may contain: the OpenAPI keywords that the definitions of Kubernetes and of custom resources use.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation
 */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  /** Name of a definition, which may differ between versions of Kubernetes. */
  readonly $ref?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  /** One of OpenAPI, or `quantity`: text or a number, as in `resources`. Unknown formats accept everything. */
  readonly format?: string;
  /** Value that the API server sets before it validates. */
  readonly default?: unknown;

  readonly properties?: Readonly<Record<string, Schema>>;
  /** `false` if every field is known, or the schema of fields with any key. @default any field is allowed */
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
  /** Unknown fields are kept, whatever `additionalProperties` says. */
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}
