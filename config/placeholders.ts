/** What example files leave in place of a secret: upstream's `your_…`, and the usual others. */
const PLACEHOLDER =
  /^(your[_-].*|.*[_-]here|<.*>|\{\{.*\}\}|change[_-]?me|replace[_-]?me|placeholder|todo|xxx+|\.\.\.)$/i;

/** Whether a secret still holds the text of an example file. */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDER.test(value.trim());
}
