import type { SettingPlace } from '../../config/known-secrets';
import type { RenderedStudio } from './rendered-studio';

/** What is wrong with one object. */
export interface Violation {
  /** Kind and name, and what of it, for example `Deployment junjo-ai-studio-backend, container backend`. */
  readonly object: string;
  /** What is wrong, without a full stop. It holds no value of a secret. */
  readonly text: string;
  /** The lines of env files that bring it about, where no patch does. @default these charts do */
  readonly settings?: readonly SettingPlace[];
}

/** Something that every rendering keeps, whoever wrote its objects. */
export interface Rule {
  /** By which a patch file waives it; also the name of its file. */
  readonly name: string;
  /** What it asks of a rendering, as a sentence for docs/patches.md. */
  readonly asks: string;
  /** What happens where it is broken. */
  readonly reason: string;
  /** Where that is written. */
  readonly source: string;
  readonly violations: (studio: RenderedStudio) => Iterable<Violation>;
}
