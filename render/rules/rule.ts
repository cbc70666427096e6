import type { SettingPlace } from '../../config/known-secrets';
import type { RenderedStudio } from './rendered-studio';

/** What is wrong with one object. */
export interface Violation {
  /** Kind and name, and what of it, for example `Deployment junjo-ai-studio-backend, container backend`. */
  readonly object: string;
  /** What is wrong, without a full stop. It holds no value of a secret. */
  readonly text: string;
  /** The lines of env files that cause it, if no patch does. @default these charts cause it */
  readonly settings?: readonly SettingPlace[];
}

/** A condition that every rendering must meet, whether charts, patches or an App made its objects. */
export interface Rule {
  /** The name with which a patch file waives it; also the name of its file. */
  readonly name: string;
  /** What it requires, as a sentence for docs/patches.md. */
  readonly asks: string;
  /** Why it exists, in words that follow "because". */
  readonly reason: string;
  /** Where that is documented. */
  readonly source: string;
  readonly violations: (studio: RenderedStudio) => Iterable<Violation>;
}
