/**
 * The public names of the package `junjo-ai-studio-cdk8s`, which follow semantic versioning. docs/library.md shows how to use them.
 */
export type { StudioProps } from './charts/studio';
export type { Lookup } from './config/env-file';
export type { EnvFileText } from './config/env-files';
export { type LoadedStudio, type LoadOptions, loadStudio } from './config/load-studio';
export { formatProblem, type Problem } from './config/problems';
export type { StudioConfig } from './config/studio-config';
export { Studio } from './render/studio';
