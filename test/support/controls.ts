/** Characters that a terminal acts on, or that change the direction of what is read: one of each kind. */
export const controls = [
  ...['\u0007', '\u0008', '\u000b', '\r', '\u001b]52;c;aGk=', '\u001b[2J', '\u007f', '\u0085', '\u009b31m'],
  ...['\u061c', '\u200e', '\u200f', '\u2028', '\u2029', '\u202a', '\u202e', '\u2066', '\u2069'],
].join('');

/** A text that would clear the screen and add a line that looks like one of ours. */
export const hostile = `x${controls}\nContext    prod`;

/** What a program may print: line breaks and tabs, but no other control. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
export const harmless = /^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*$/;
