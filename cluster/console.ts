/** How a command talks to the person who runs it. Nothing in cluster/ writes to the process's own streams. */
export interface Console {
  /** Prints results to stdout, with a line break at their end. */
  readonly out: (text: string) => void;
  /** Prints what a person should know to stderr, with a line break at its end. */
  readonly err: (text: string) => void;
  /** Shows a line that the next one replaces; an empty one removes it. @default stderr is not a terminal */
  readonly progress?: (line: string) => void;
  /** Starts to ask the person at the terminal. @default nobody can be asked */
  readonly terminal?: () => Terminal;
}

/** A person who can be asked. */
export interface Terminal {
  /** Asks, and waits for a line; nothing when the person ended the input (Ctrl+C, Ctrl+D). */
  readonly ask: (prompt: string) => Promise<string | undefined>;
  readonly close: () => void;
}
