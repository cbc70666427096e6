/**
 * What `import { Studio, loadStudio } from 'junjo-ai-studio-cdk8s'` gives to a cdk8s app of one's own. This file is all that is
 * public, and follows semantic versioning.
 */
export { Studio, type StudioProps } from './charts/studio';
export type { Lookup } from './config/env-file';
export type { EnvFileText } from './config/env-files';
export { type LoadedStudio, type LoadOptions, loadStudio } from './config/load-studio';
export { formatProblem, type Problem, type Severity } from './config/problems';
export type { StudioConfig } from './config/studio-config';
