/** The output of a command, and its questions. Nothing in cluster/ writes to the streams of the process. */
export interface Console {
  /** Prints a result to stdout, followed by a line break. */
  readonly out: (text: string) => void;
  /** Prints a message to stderr, followed by a line break. */
  readonly err: (text: string) => void;
  /** Shows a line that the next one replaces. An empty one removes it. @default stderr is not a terminal */
  readonly progress?: (line: string) => void;
  /** Opens the terminal for questions. @default questions are not possible */
  readonly terminal?: () => Terminal;
}

/** A terminal on which the user can be asked. */
export interface Terminal {
  /** Asks, and waits for a line. @returns nothing if the user ended the input (Ctrl+C, Ctrl+D) */
  readonly ask: (prompt: string) => Promise<string | undefined>;
  readonly close: () => void;
}
