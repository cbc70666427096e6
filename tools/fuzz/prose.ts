/** Most words of a sentence of a message: CONTRIBUTING.md, "How to write". */
export const LONGEST_SENTENCE = 25;

/** The sentences of a text that have more words than allowed. */
export function longSentences(text: string, most: number): readonly string[] {
  const sentences = text
    .split(/(?<=[.!?])\s|:?\n\s*\n|:\n|\\n/)
    .map((sentence) => sentence.replace(/\s+/g, ' ').trim());
  return sentences.filter((sentence) => sentence.split(' ').filter((word) => /[\p{L}\d…]/u.test(word)).length > most);
}
